"""Explanations of the RL codes: releasing, here or from a tag."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "RL01": Explanation(
        title="not the release branch",
        meaning="A release's commit and tags belong to one branch (`branch`, MAESTRO_BRANCH; main unless set), so that "
        "whoever reads its history finds every release. HEAD is on another branch, or detached.",
        remedy="Switch to that branch and bring there what is to be released.",
    ),
    "RL02": Explanation(
        title="a shallow clone",
        meaning="The clone lacks history, so nobody can say which tags are before this commit.",
        remedy="Run `git fetch --unshallow --tags`; in a workflow, ask the checkout for the full depth.",
    ),
    "RL03": Explanation(
        title="a working tree that is not clean",
        meaning="What is tagged is what is committed. Edits that are not committed, and files that git does not know, "
        "would be missing from the release, and nobody could tell whether they ought to be in it.",
        remedy="Commit, stash, delete or ignore them; `git status` lists them all.",
    ),
    "RL04": Explanation(
        title="not up to date with the remote",
        meaning="The remote has commits on the release branch that are not here, so a push would be refused and the "
        "release would leave them out; or there is no remote to push to.",
        remedy="Pull with --rebase, look at what came, and run the command again.",
    ),
    "RL05": Explanation(
        title="git does not know who you are",
        meaning="Commits and annotated tags say who made them, and git has neither a name nor an address for you.",
        remedy="Set user.name and user.email with `git config`.",
    ),
    "RL06": Explanation(
        title="tags are missing",
        meaning="The remote has release tags that this clone does not have, so it cannot be said what is released "
        "already. Clones made without tags are like that.",
        remedy="Run `git fetch --tags`.",
    ),
    "RL07": Explanation(
        title="a tag that cannot be made",
        meaning="The name is taken by another commit, by a tag without a message, or by another tag at the remote; or "
        "git takes no such name. A tag that is published is never moved: people have it.",
        remedy="Raise the version. Delete the tag only if it is nowhere but in this clone.",
    ),
    "RL08": Explanation(
        title="changed since it was released",
        meaning="The version that stands in the package's manifest has a tag, and the package's folder has changed "
        "since. A version has one content.",
        remedy="Raise the version: `invoke bump`, or `invoke release` with --part or --auto.",
    ),
    "RL09": Explanation(
        title="nothing to say about the release",
        meaning="The changelog has no section for the version, or nothing stands in it. It becomes the message of the "
        "tag and the notes of the release.",
        remedy="Write what changed for users under a heading with the version and the date.",
    ),
    "RL10": Explanation(
        title="somebody else was faster",
        meaning="While the release was made, the remote got other commits on the branch, or the same tag from somebody "
        "else. The push is all or nothing, so nothing of it arrived.",
        remedy="Do what the message says: forget the tags made here, pull, and run the command again.",
    ),
    "RL11": Explanation(
        title="no such tag",
        meaning="The tag to be released is not in this clone. It was not fetched, or it is misspelt.",
        remedy="Run `git fetch --tags`; `git tag --list` shows what there is.",
    ),
    "RL12": Explanation(
        title="a lightweight tag",
        meaning="The tag is but another name for a commit. A release's tag is an object of its own: who made it, when, "
        "what changed, and perhaps a signature. Some checkouts in workflows turn annotated tags into lightweight ones "
        "(actions/checkout before 6.0.1 does).",
        remedy="In a workflow, run `git fetch --tags --force` after the checkout; else delete the tag and let `invoke "
        "release` make it.",
    ),
    "RL13": Explanation(
        title="a tag off the release branch",
        meaning="The tag names a commit that is not before the tip of the release branch as the remote had it when it "
        "was fetched last. Whoever may push tags but not to that branch could otherwise publish anything.",
        remedy="Merge the commit and tag it there. In a workflow, let the checkout fetch all history (depth 0), "
        "branches included.",
    ),
    "RL14": Explanation(
        title="tags of several commits",
        meaning="Tags that are released together are built from one tree, and these name several commits.",
        remedy="Run the command once for each commit, in the order they were made.",
    ),
    "RL15": Explanation(
        title="the tag and the tree disagree",
        meaning="The tag names one version, and the manifest in the commit it points at has another. What would be "
        "published is not what the tag says.",
        remedy="Let the tag name the commit in which the version is that, or release the version that is there.",
    ),
    "RL16": Explanation(
        title="notes or manifest cannot be written",
        meaning="The file named with --notes or --manifest is in no folder that exists, or may not be written to. This "
        "is looked at before anything is sent, and again when the file is written.",
        remedy="Name a file in a folder that exists; a release that is done is not repeated by running again.",
    ),
    "RL17": Explanation(
        title="words that do not go together",
        meaning="`invoke release` has two ways: releasing what stands in the tree, and publishing what a tag names "
        "(--from-tag). A flag of one way was given with the other, where nothing would read it.",
        remedy="Leave out the flags that the message names.",
    ),
}
