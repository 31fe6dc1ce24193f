"""What the emulator is told by the process that starts it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths are absolute. `functions_at_once` bounds the processes of one Lambda function; more invocations wait."""

    gateway_port: int
    database_port: int
    state: str
    logs: str
    repository: str
    application_python: str
    mail_port: int
    textract_port: int
    glue_port: int
    redshift_port: int
    sagemaker_port: int
    functions_at_once: int = 6
    clock_file: str = ""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2))

    @classmethod
    def read(cls, path: str) -> Settings:
        return cls(**json.loads(Path(path).read_text()))

    @property
    def gateway(self) -> str:
        return f"http://localhost:{self.gateway_port}"

    def environment(self) -> dict[str, str]:
        """What MiniStack itself reads, at import: loopback only, one port, state kept."""
        return {
            "GATEWAY_PORT": str(self.gateway_port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "1",
            "STATE_DIR": f"{self.state}/services",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": f"{self.state}/s3",
            "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
            # Functions inherit it: a service that MiniStack lacks has a stand-in.
            "AWS_ENDPOINT_URL_TEXTRACT": f"http://127.0.0.1:{self.textract_port}",
            "AWS_ENDPOINT_URL_GLUE": f"http://127.0.0.1:{self.glue_port}",
            "AWS_ENDPOINT_URL_REDSHIFT_DATA": f"http://127.0.0.1:{self.redshift_port}",
            "AWS_ENDPOINT_URL_SAGEMAKER": f"http://127.0.0.1:{self.sagemaker_port}",
            # A failing pre-token trigger fails the sign-in, as on AWS.
            "MINISTACK_COGNITO_PRETOKEN_STRICT": "1",
        }


REGION = "us-east-1"
ACCOUNT = "000000000000"
# The emulator takes any key; a number is taken as the account.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
