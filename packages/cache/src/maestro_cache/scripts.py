"""What has to happen in one piece inside Redis, in Lua; read together with `frame`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

__all__ = [
    "CHANGED",
    "CLAIM",
    "CLEAR",
    "COMMIT",
    "COUNT",
    "DELETE",
    "DROP",
    "EXISTS",
    "EXPIRE",
    "GIVE_BACK",
    "GRANTED",
    "INVALIDATE",
    "KEEP",
    "LEFT",
    "SET_IF_ABSENT",
    "TAKE",
    "THROTTLE",
    "TOUCH",
    "Script",
]


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the name under which Redis remembers it."""

    text: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        """SHA-1 is what EVALSHA asks for."""
        object.__setattr__(self, "digest", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


# live(key, tags): the header of a value that may be read ('' for a plain integer), or nil; `tags` begins tag keys.
# absent, stale past its time, and tagged with something invalidated all count as nil.
_LIVE = """
local function parsed(head)
  local stale, _, number, at = struct.unpack('>ddB', head, 17)
  local stamps = {}
  for i = 1, number do
    local name, version
    name, at = struct.unpack('>Hc0', head, at)
    version, at = struct.unpack('>Hc0', head, at)
    stamps[i] = {name, version}
  end
  return stale, stamps
end
local function live(key, tags)
  local head = redis.call('GETRANGE', key, 0, 15)
  if head == '' then return nil end
  if string.byte(head) ~= 1 then return '' end
  local size = struct.unpack('>H', head, 3)
  if size == 16 then return head end
  head = redis.call('GETRANGE', key, 0, size - 1)
  local stale, stamps = parsed(head)
  for _, stamp in ipairs(stamps) do
    if redis.call('GET', tags .. stamp[1]) ~= stamp[2] then return nil end
  end
  if stale > 0 then
    local left = redis.call('PTTL', key)
    if left >= 0 and left <= stale then return nil end
  end
  return head
end
local function outlive(tag, ms)
  if ms == 0 then
    redis.call('PERSIST', tag)
  else
    local left = redis.call('PTTL', tag)
    if left >= 0 and left < ms then redis.call('PEXPIRE', tag, ms) end
  end
end
local function micros()
  local now = redis.call('TIME')
  return now[1] * 1000000 + now[2]
end
"""

# KEYS: tag keys. ARGV: ms the value will be there at most, 0 for ever. Returns the versions.
# A counter begins at the time, so that one that was lost never comes back with an old version.
TOUCH = Script(
    _LIVE
    + """
local versions = {}
local ms = tonumber(ARGV[1])
for i, tag in ipairs(KEYS) do
  local version = redis.call('GET', tag)
  if version then
    outlive(tag, ms)
  else
    version = string.format('%.0f', micros())
    if ms == 0 then redis.call('SET', tag, version) else redis.call('SET', tag, version, 'PX', ms) end
  end
  versions[i] = version
end
return versions
"""
)

# KEYS: tag keys. A tag that nobody has needs no counter.
INVALIDATE = Script(
    "for _, tag in ipairs(KEYS) do if redis.call('EXISTS', tag) == 1 then redis.call('INCR', tag) end end"
)

# KEYS: value, its flight. ARGV: beginning of tag keys. Whether there was a value to read.
DELETE = Script(
    _LIVE
    + """
local was = live(KEYS[1], ARGV[1])
redis.call('DEL', KEYS[1], KEYS[2])
return was and 1 or 0
"""
)

# KEYS: value. ARGV: what it was. Deletes an undecodable value, unless another has come.
DROP = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")

# KEYS: value. ARGV: beginning of tag keys.
EXISTS = Script(_LIVE + "return live(KEYS[1], ARGV[1]) and 1 or 0")

# KEYS: value. ARGV: beginning of tag keys. Milliseconds; -1 never expires, -2 absent.
LEFT = Script(
    _LIVE
    + """
local head = live(KEYS[1], ARGV[1])
if not head then return -2 end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and #head > 16 then left = math.max(0, left - parsed(head)) end
return left
"""
)

# KEYS: value. ARGV: beginning of tag keys, ms, 0 for ever.
EXPIRE = Script(
    _LIVE
    + """
local head = live(KEYS[1], ARGV[1])
if not head then return 0 end
local ms = tonumber(ARGV[2])
if #head > 16 then
  local stale, stamps = parsed(head)
  if ms > 0 then ms = ms + stale end
  for _, stamp in ipairs(stamps) do outlive(ARGV[1] .. stamp[1], ms == 0 and 0 or ms + 1000) end
end
if ms == 0 then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ms) end
return 1
"""
)

# KEYS: value. ARGV: beginning of tag keys, what to store, ms or 0.
SET_IF_ABSENT = Script(
    _LIVE
    + """
if live(KEYS[1], ARGV[1]) then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""
)

# KEYS: value, a key that nobody uses. ARGV: beginning of tag keys, amount, ms or 0 for a new one, mark.
# INCRBY counts: numbers in Lua are doubles. Returns the sum as text, or an error.
COUNT = Script(
    _LIVE
    + """
local head = live(KEYS[1], ARGV[1])
if not head then
  if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
  return ARGV[2]
end
if head == '' then
  local sum = redis.pcall('INCRBY', KEYS[1], ARGV[2])
  if type(sum) == 'table' then return sum end
  return redis.call('GET', KEYS[1])
end
if string.sub(head, 2, 2) ~= 'i' then return redis.error_reply('ERR value is not an integer') end
redis.call('SET', KEYS[2], redis.call('GETRANGE', KEYS[1], #head, -1))
local sum = redis.pcall('INCRBY', KEYS[2], ARGV[2])
local digits = redis.call('GET', KEYS[2])
redis.call('DEL', KEYS[2])
if type(sum) == 'table' then return sum end
local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], string.sub(head, 1, 4) .. ARGV[4] .. string.sub(head, 17) .. digits)
if left > 0 then redis.call('PEXPIRE', KEYS[1], left) end
return digits
"""
)

GRANTED, CHANGED = 1, 2
# KEYS: value, its flight. ARGV: the mark that was seen, owner, ms. 1 granted, 0 somebody is at it, 2 the value changed.
CLAIM = Script(
    """
if redis.call('GETRANGE', KEYS[1], 0, 15) ~= ARGV[1] then return 2 end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return 1 end
return 0
"""
)

# KEYS: value, its flight, tag keys. ARGV: owner, the mark that was seen, what to store, ms or 0.
# A deletion took the flight away; another value has another mark; an old value may have run out meanwhile.
COMMIT = Script(
    _LIVE
    + """
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local mark = redis.call('GETRANGE', KEYS[1], 0, 15)
if mark ~= ARGV[2] and mark ~= '' then return 0 end
if ARGV[4] == '0' then redis.call('SET', KEYS[1], ARGV[3]) else redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) end
for i = 3, #KEYS do outlive(KEYS[i], ARGV[4] == '0' and 0 or ARGV[4] + 1000) end
return 1
"""
)

# KEYS: values. ARGV: beginning of tag keys. Deletes those that are texts; how many of them could be read.
CLEAR = Script(
    _LIVE
    + """
local removed = 0
for _, key in ipairs(KEYS) do
  if redis.call('TYPE', key).ok == 'string' then
    if live(key, ARGV[1]) then removed = removed + 1 end
    redis.call('UNLINK', key)
  end
end
return removed
"""
)

# KEYS: lock, its fence. ARGV: owner, ms. The fencing number and 0; or 0 and the ms the holder has left.
# The number begins at the time, so that it goes on rising when Redis has forgotten it.
TAKE = Script(
    _LIVE
    + """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {'0', redis.call('PTTL', KEYS[1])}
end
local last, now = tonumber(redis.call('GET', KEYS[2]) or '0'), micros()
local token = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], token, 'PX', ARGV[2] + 86400000)
return {token, 0}
"""
)

# KEYS: lock or flight. ARGV: owner, ms.
KEEP = Script(
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
)

# KEYS: lock or flight. ARGV: owner.
GIVE_BACK = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")

# KEYS: the throttle. ARGV: microseconds per call, limit, cost. GCRA as in `throttle.answer`, by the clock of Redis.
# Allowed, remaining, retry after and reset in microseconds.
THROTTLE = Script(
    _LIVE
    + """
local interval, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = micros()
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local after = due + cost * interval
local wait = after - now - limit * interval
local allowed = wait <= 1
if allowed then
  due = after
  redis.call('SET', KEYS[1], string.format('%.3f', due), 'PX', math.ceil((due - now) / 1000) + 1)
end
local remaining = math.max(0, math.floor(limit - (due - now) / interval + 0.000001))
return {allowed and 1 or 0, remaining, allowed and '0' or string.format('%.0f', wait), string.format('%.0f', due - now)}
"""
)
