"""What can be set: `prices.toml`, and variables such as `PRICES_CACHE__URL`, which win."""

from __future__ import annotations

from maestro_core_config import BaseConfig, Field, SecretStr
from pydantic_settings import SettingsConfigDict


class CacheSection(BaseConfig):
    """Where prices are kept, and for how many seconds: fresh, and after that in case the supplier fails."""

    url: SecretStr = Field(SecretStr("memory://"), secret=True)  # it may hold a password
    fresh_for: float = Field(5.0, gt=0)
    stale_for: float = Field(300.0, ge=0)


class SupplierSection(BaseConfig):
    """Who knows the prices, and how many seconds one answer may take."""

    url: str = "http://127.0.0.1:9000"
    timeout: float = Field(0.5, gt=0)


class PricesConfig(BaseConfig):
    """The settings of the service; only `log_level` may change while it runs."""

    model_config = SettingsConfigDict(env_prefix="PRICES_")

    host: str = Field("127.0.0.1", reload="restart")
    port: int = Field(8000, ge=0, le=65535, reload="restart")
    log_level: str = "INFO"
    cache: CacheSection = Field(CacheSection(), reload="restart")
    supplier: SupplierSection = Field(SupplierSection(), reload="restart")
