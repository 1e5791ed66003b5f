"""What a service's manifest may say of its health and of being started again."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.manifest.fields import Duration, Port, Strict

LONGEST_INTERVAL = 3600
LONGEST_TIMEOUT = 60
REMEMBERED = 3600
"""Seconds: how far back the journal's deeds are asked for."""


class HttpProbe(Strict):
    """A request to the service from inside its container, over loopback, without TLS; what it answers with is not followed or read on."""

    port: Port = Field(description="Port on 127.0.0.1.")
    path: Annotated[str, Field(pattern=r"^/[!-~]{0,1023}$")] = Field(default="/", description="What is asked for.")
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:\[\]_-]{1,253}$")] = Field(
        default="localhost", description="Host name that is sent with the request."
    )
    status: Annotated[int, Field(ge=100, le=599)] | None = Field(
        default=None, description="The answer that counts as well; left out, any from 200 to 399."
    )


class TcpProbe(Strict):
    """A connection to the service from inside its container, over loopback."""

    port: Port = Field(description="Port on 127.0.0.1.")


class HealthSpec(Strict):
    """How the service is asked whether it is well: by exactly one of command, http and tcp. Only the loop asks."""

    command: Annotated[list[Annotated[str, Field(min_length=1, max_length=4096)]], Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="Command that is run in it as root, word by word; it is well where that ends with status 0."
    )
    http: HttpProbe | None = Field(default=None, description="A request. Needs bash or nc in the image; without either health is unknown.")
    tcp: TcpProbe | None = Field(default=None, description="A connection. Needs bash or nc too.")
    interval: Duration = Field(default=30, description="From one answer to the next question; 1s to 1h.")
    timeout: Duration = Field(default=5, description="How long an answer may take; 1s to 60s.")
    retries: Annotated[int, Field(ge=1, le=100)] = Field(default=3, description="Failures in a row until it counts as unhealthy.")
    start_period: Duration = Field(default=0, description="After its start, so long a failure does not count unless it was well before.")

    @model_validator(mode="after")
    def _one(self) -> HealthSpec:
        if sum(part is not None for part in (self.command, self.http, self.tcp)) != 1:
            raise ValueError("write exactly one of command, http and tcp")
        if not 1 <= self.interval <= LONGEST_INTERVAL:
            raise ValueError("interval lies between 1s and 1h")
        if not 1 <= self.timeout <= LONGEST_TIMEOUT:
            raise ValueError("timeout lies between 1s and 60s")
        return self


class RestartSpec(Strict):
    """What is done with a service that should run and does not, or is unhealthy. The first start after a failure is made at once."""

    policy: Literal["always", "unhealthy", "never"] = Field(
        default="always",
        description="always starts it when it stopped and restarts it when it is unhealthy; unhealthy leaves one that stopped; never leaves"
        " both. What is left is reported.",
    )
    backoff: Duration = Field(default=10, description="Before the second start; doubled before each next, up to 5m.")
    cap: Annotated[int, Field(ge=1, le=1000)] = Field(default=5, description="Most starts within the window; then it is left alone.")
    window: Duration = Field(default=3600, description="The window of cap; 1m to 1h.")

    @model_validator(mode="after")
    def _remembered(self) -> RestartSpec:
        if not 60 <= self.window <= REMEMBERED:  # noqa: PLR2004 - as its description says
            raise ValueError("window lies between 1m and 1h")
        if self.backoff > self.window:
            raise ValueError("backoff is longer than window")
        return self
