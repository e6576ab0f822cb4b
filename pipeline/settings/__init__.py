"""The one switch: a profile's name becomes typed settings. The only code that reads the environment, when called.

Order, the later wins: built-in default < ``profiles/<env>.toml`` < the stand-ins at work (``rehearsal`` only) <
``--config`` file < ``.env`` < ``.env.<env>`` < environment (``MIRRORLAKE_<SECTION>_<KEY>``) < command line. Relative
paths are relative to the project, wherever they are written.
"""

from pipeline.secret import Secret
from pipeline.settings.airflow import AirflowSettings
from pipeline.settings.databases import (
    DbtSettings,
    PublishSettings,
    SnowflakeSettings,
    StagingSettings,
    WarehouseSettings,
)
from pipeline.settings.gold import GoldSettings, SparkSettings
from pipeline.settings.loading import is_debugging, load_settings, project_root, settings_at_work
from pipeline.settings.model import (
    AlertsSettings,
    DeploySettings,
    LakeSettings,
    LeaseSettings,
    RunSettings,
    S3Settings,
    Settings,
    SourceSettings,
    SourcesSettings,
)

__all__ = [
    "AirflowSettings",
    "AlertsSettings",
    "DbtSettings",
    "DeploySettings",
    "GoldSettings",
    "LakeSettings",
    "LeaseSettings",
    "PublishSettings",
    "RunSettings",
    "S3Settings",
    "Secret",
    "Settings",
    "SnowflakeSettings",
    "SourceSettings",
    "SourcesSettings",
    "SparkSettings",
    "StagingSettings",
    "WarehouseSettings",
    "is_debugging",
    "load_settings",
    "project_root",
    "settings_at_work",
]
