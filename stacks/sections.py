"""The sections of the operator's config: what each key may say, and what it is when nothing is said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PartnerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
HostName = Annotated[str, Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$")]
# What SageMaker has with x86 processors and no accelerators.
InstanceType = Annotated[str, Field(pattern=r"^ml\.(m|c|r)[4-7]i?\.(x|[0-9]+x)?large$")]
IMAGE = r"^$|^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$"
LaptopUrl = Annotated[str, Field(pattern=r"^http://127\.0\.0\.1:\d+$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Deployment(Section):
    """Whose deployment this is.

    `durable`: data outlives its stack, and what production needs is insisted on. `checks`: synth fails on what cdk-nag
    or CloudFormation's own schemas find.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9]{1,15}$")
    account: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    durable: bool
    checks: bool = True
    tags: dict[str, str] = {}


class Network(Section):
    """Zones are written down because a look-up would need credentials at synth."""

    availability_zones: tuple[str, ...] = Field(min_length=2, max_length=6, strict=False)
    cidr: str = Field(default="10.40.0.0/16", pattern=r"^\d+\.\d+\.\d+\.\d+/(1[6-9]|2[0-2])$")
    nat_gateways: int = Field(ge=0, le=6)
    interface_endpoints: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+$")], ...] = Field(default=(), strict=False)
    flow_logs: bool = True


class Database(Section):
    """`authentication = "password"` is for the laptop: a secret for each role in place of an IAM token.

    `readers` are always there, one a zone as far as zones go; under load there are up to `max_readers` (0: no more than
    `readers`), when those that are there work at more than `reader_cpu_percent`. `copy_region`: where each night's
    snapshot is copied to as well, kept `copy_days`; empty: nowhere. `snapshot`: what the cluster is made of if it is
    not to be empty: after a region was lost. It stays written down, because another would be another cluster.
    """

    name: str = Field(default="loyalty", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    engine_version: str = Field(default="16.8", pattern=r"^1[67]\.\d+$")
    mode: Literal["serverless", "provisioned"] = "serverless"
    min_acu: float = Field(default=0.5, ge=0, le=256)
    max_acu: float = Field(default=4, ge=1, le=256)
    instance_class: str = "r8g.large"
    readers: int = Field(default=0, ge=0, le=15)
    max_readers: int = Field(default=0, ge=0, le=15)
    reader_cpu_percent: int = Field(default=60, ge=10, le=90)
    proxy: bool = True
    authentication: Literal["iam", "password"] = "iam"
    io_optimized: bool = False
    backup_days: int = Field(default=7, ge=1, le=35)
    copy_region: str = Field(default="", pattern=r"^$|^[a-z]{2}(-[a-z]+)+-\d$")
    snapshot: str = Field(default="", pattern=r"^$|^arn:aws:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:[A-Za-z0-9:-]+$")
    copy_days: int = Field(default=35, ge=1, le=3_650)
    performance_insights: bool = True


class Identity(Section):
    """Who may sign in and how. `password_sign_in` opens the flows of scripts; the portal itself uses code + PKCE.
    `partners`: who reports purchases; each gets a client of its own, and its name is that of the earn rates.
    `threat_protection`: Cognito's Plus plan; stolen passwords are refused, sign-ins that look like somebody else's
    answered by a second factor or refused. `takeover_mails`: their owners are told of those as well, from the address
    of `messaging.mail_from`, which Cognito must be let use first: docs/security.md.
    `log_delivery`: what Cognito could not send and, with `threat_protection`, each sign-in goes into our logs.
    `authority_url`: where browsers find the pools, if not at Cognito itself: only the laptop's."""

    domain_prefix: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")
    self_sign_up: bool = True
    password_sign_in: bool = False
    staff_mfa: Literal["required", "optional", "off"] = "required"
    threat_protection: bool = False
    takeover_mails: bool = False
    log_delivery: bool = True
    member_callback_urls: tuple[str, ...] = Field(min_length=1, strict=False)
    member_logout_urls: tuple[str, ...] = Field(min_length=1, strict=False)
    staff_callback_urls: tuple[str, ...] = Field(min_length=1, strict=False)
    staff_logout_urls: tuple[str, ...] = Field(min_length=1, strict=False)
    partners: tuple[PartnerName, ...] = Field(min_length=1, strict=False)
    authority_url: str = Field(default="", pattern=r"^(http://localhost:\d+)?$")


class Messaging(Section):
    """`mail_identity`: SES verifies the whole domain (production) or the one address (a trial). `max_receives`: with
    the workers' pauses 40 are more than an hour, because a database that is away for a while must kill no message.
    `sms_origination_number`, `sms_sender_id`: whom an SMS is from; empty: AWS chooses, which some countries refuse."""

    mail_from: Address
    mail_identity: Literal["domain", "address"] = "domain"
    operator_emails: tuple[Address, ...] = Field(default=(), strict=False)
    max_receives: int = Field(default=40, ge=1, le=100)
    # Accounts that may say by SNS that an order has changed: Amazon Business's, told at onboarding.
    hint_accounts: tuple[Annotated[str, Field(pattern=r"^[0-9]{12}$")], ...] = Field(default=(), strict=False)
    sms_origination_number: str = Field(default="", pattern=r"^$|^\+[1-9][0-9]{6,14}$")
    sms_sender_id: str = Field(default="", pattern=r"^$|^[0-9]{0,10}[A-Za-z][A-Za-z0-9]{0,10}$")


class Api(Section):
    """Limits are per stage: requests a second, and how many may come at once; `costly_…` of each route that does much
    for one request. The firewall's are per address and five minutes, and partners' are apart because a whole company's
    purchases come from one; and per person or partner by their token, from however many addresses.

    `reserved_concurrency`: how many copies of the APIs' functions may run at once, all together, so that they leave
    others connections to the database; 0: as many as the account has (docs/operations/connections.md). `cache_gb`: what
    the gateway may keep of answers that are the same for all members, by the hour, used or not; 0: nothing.
    `cache_seconds`: how old a kept answer gets there, and once more in a browser.
    """

    rate_limit: int = Field(default=200, ge=1, le=10_000)
    burst_limit: int = Field(default=400, ge=1, le=5_000)
    costly_rate_limit: int = Field(default=50, ge=1, le=10_000)
    costly_burst_limit: int = Field(default=100, ge=1, le=5_000)
    cache_gb: float = Field(default=0, ge=0)
    # A withdrawn product is gone everywhere within a minute: docs/demand.md.
    cache_seconds: int = Field(default=20, ge=1, le=30)
    firewall: bool = True
    requests_per_address: int = Field(default=2_000, ge=100, le=20_000_000)
    requests_per_partner_address: int = Field(default=60_000, ge=100, le=20_000_000)
    requests_per_person: int = Field(default=1_500, ge=100, le=20_000_000)
    requests_per_partner: int = Field(default=30_000, ge=100, le=20_000_000)
    memory_mb: int = Field(default=512, ge=128, le=10_240)
    reserved_concurrency: int = Field(default=0, ge=0, le=10_000)


class Service(Section):
    """One ECS service. `image` is what CI pushed, by digest; empty: built from its Dockerfile at deploy."""

    cpu: Literal[256, 512, 1024, 2048] = 256
    memory_mb: int = 512
    min_tasks: int = Field(default=1, ge=0, le=100)
    max_tasks: int = Field(default=1, ge=1, le=100)
    image: str = Field(default="", pattern=IMAGE)


class Services(Section):
    """`spot_percent` of the payments tasks run on Spot; orders never do: there is one of them for a connection."""

    payments: Service = Service()
    orders: Service = Service()
    spot_percent: int = Field(default=0, ge=0, le=100)
    messages_per_task: int = Field(default=20, ge=1, le=10_000)


class Engine(Section):
    """The state machine and the functions it calls."""

    log_level: Literal["ALL", "ERROR", "FATAL", "OFF"] = "ALL"
    memory_mb: int = Field(default=512, ge=128, le=10_240)


class Integrations(Section):
    """Hosts outside. The defaults are the real ones; the laptop names its simulators."""

    amazon_business_url: str = Field(pattern=r"^https?://\S+[^/]$")
    amazon_lwa_url: str = Field(pattern=r"^https?://\S+[^/]$")
    amazon_pay_url: str = Field(pattern=r"^https?://\S+[^/]$")
    stripe_url: str = Field(default="https://api.stripe.com", pattern=r"^https?://\S+[^/]$")
    # The SNS topics by which Amazon Pay tells about payments, as its support names them; none: its notices are refused.
    amazon_pay_topics: tuple[Annotated[str, Field(pattern=r"^arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[^\s:,]+$")], ...] = (
        Field(default=(), strict=False)
    )
    # Where their certificates are, if not at SNS itself: only the laptop's stand-in.
    sns_certificates: str = Field(default="", pattern=r"^(http://127\.0\.0\.1:\d+/)?$")
    portal_origin: str = Field(pattern=r"^https?://[a-z0-9.-]+(:\d+)?$")
    manager_origin: str = Field(pattern=r"^https?://[a-z0-9.-]+(:\d+)?$")
    # Hosts of the programme's document that are reached elsewhere than on the internet: only the laptop's stand-ins.
    outside_hosts: dict[HostName, LaptopUrl] = {}


class Invoices(Section):
    """Amazon's invoices. `enabled`: SES takes mail to any address at `domain`; of an account's rule sets one is active
    in a region, so it is off where somebody else's is.

    `textract_per_second`: how many readings are begun, under the account's quota for the region; `textract_burst`: how
    many at once after a pause. The watch fetches what never came; the gateway takes documents to the ERP.
    """

    enabled: bool = True
    domain: str = Field(default="", pattern=r"^$|^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}$")
    textract_per_second: float = Field(default=1, gt=0, le=100)
    textract_burst: int = Field(default=2, ge=1, le=1_000)
    watch_minutes: int = Field(default=15, ge=0, le=1_440)
    gateway_minutes: int = Field(default=1, ge=0, le=60)
    gateway_linger_seconds: int = Field(default=0, ge=0, le=45)


class QuickSight(Section):
    """Data sets, topic and dashboards for the account's QuickSight, which has to be subscribed to by hand before.
    `principals`: its users or groups who may look at them."""

    enabled: bool = False
    principals: tuple[
        Annotated[str, Field(pattern=r"^arn:aws:quicksight:[a-z0-9-]+:[0-9]{12}:(user|group)/default/\S+$")], ...
    ] = Field(default=(), strict=False)


class Lake(Section):
    """What analysts have: the database's rows in a bucket, a warehouse over it, reports. `schedule`: when a night
    begins, UTC, as EventBridge writes it; empty: only by hand.

    `workers` of Glue's `worker_type` export; `base_rpu` and `max_rpu` are the warehouse's processors (RPU, 16 GB each).
    `poll_seconds`: how often a statement is looked at.
    """

    enabled: bool = True
    schedule: str = Field(
        default="cron(15 2 * * ? *)",
        pattern=r"^$|^cron\((\S+ ){5}\S+\)$|^rate\([1-9]\d* (minutes?|hours?|days?)\)$",
    )
    workers: int = Field(default=2, ge=2, le=100)
    worker_type: Literal["G.1X", "G.2X", "G.4X"] = "G.1X"
    timeout_minutes: int = Field(default=120, ge=5, le=1_440)
    kept_days: int = Field(default=1_095, ge=90, le=3_650)
    base_rpu: int = Field(default=8, ge=8, le=512)
    max_rpu: int = Field(default=32, ge=8, le=5_632)
    poll_seconds: int = Field(default=5, ge=1, le=60)
    quicksight: QuickSight = QuickSight()


class Personalize(Section):
    """Amazon Personalize in place of our own engine for members' lists. What it costs: docs/personalize.md, and the
    output PersonalizeCost. `program_id`: it learns of one programme.

    `mode`: `batch` asks once a run for everybody, `campaign` is asked while a member waits, and costs by the hour, used
    or not: `min_tps` of each. `schedule`: when a run begins, UTC; a run trains. `members`, `interactions`: how many
    there are about, for the reckoning alone.
    """

    enabled: bool = False
    program_id: int = Field(default=1, ge=1)
    mode: Literal["batch", "campaign"] = "batch"
    min_tps: int = Field(default=1, ge=1, le=500)
    schedule: str = Field(
        default="cron(30 5 ? * SUN *)",
        pattern=r"^$|^cron\((\S+ ){5}\S+\)$|^rate\([1-9]\d* (hours?|days?)\)$",
    )
    poll_seconds: int = Field(default=120, ge=1, le=600)
    timeout_ms: int = Field(default=250, ge=50, le=2_000)
    members: int = Field(default=100_000, ge=1)
    interactions: int = Field(default=5_000_000, ge=1)


class Insight(Section):
    """What is worked out from the lake after each of its nights: forecasts, outlooks, recommendations.

    A model is trained when the current one is `retrain_days` old; one that is worse than it (each against repeating the
    past) by more than `tolerance_percent` is refused. `training_instance`, `transform_instance`, `analysis_instance`:
    what SageMaker runs the image on, x86. `image` is what CI pushed, by digest; empty: built from its Dockerfile at
    deploy. `kept_days`: inputs and outputs of a night. `after_night`: false leaves the machine to be begun by hand.
    """

    enabled: bool = True
    after_night: bool = True
    retrain_days: int = Field(default=7, ge=1, le=365)
    tolerance_percent: int = Field(default=5, ge=0, le=100)
    training_instance: InstanceType = "ml.m5.xlarge"
    transform_instance: InstanceType = "ml.m5.large"
    analysis_instance: InstanceType = "ml.m5.xlarge"
    volume_gb: int = Field(default=30, ge=10, le=1_024)
    kept_days: int = Field(default=60, ge=30, le=400)
    image: str = Field(default="", pattern=IMAGE)
    personalize: Personalize = Personalize()


class Portals(Section):
    """Where the members' portal is hosted. `none`: somewhere else, as docs/operations/portal.md says; the
    laptop does it itself."""

    hosting: Literal["amplify", "none"] = "amplify"


class Programme(Section):
    """What the first version of both programmes has otherwise than the initial documents say. `erp_endpoint`: where
    finance's system listens; its token is the secret `erp` below the outside parties'. `step_up_above_points`: who
    redeems more in a day confirms it by a code. `points_per_day`: more cannot be redeemed in 24 hours at all."""

    release_delay_seconds: int | None = Field(default=None, ge=0, le=86_400)
    approval_minutes: int | None = Field(default=None, ge=1, le=1_440)
    erp_endpoint: str | None = Field(default=None, pattern=r"^https://[a-z0-9.-]+/\S*$")
    step_up_above_points: int | None = Field(default=None, ge=0, le=10**12)
    points_per_day: int | None = Field(default=None, ge=1, le=10**12)


class Layer(Section):
    """`host` builds for the machine that runs the synth, which is where the local cloud runs the functions."""

    platform: Literal["aarch64-manylinux_2_28", "host"] = "aarch64-manylinux_2_28"


class Schedules(Section):
    """What runs by itself, in minutes; 0 turns it off. `outbox_linger_seconds`: how long the outbox's relay goes on
    looking, every second, after it has found nothing more; 0 costs least, 45 tells members at once."""

    sweeper_minutes: int = Field(default=1, ge=0, le=60)
    outbox_minutes: int = Field(default=1, ge=0, le=60)
    points_notices_minutes: int = Field(default=5, ge=0, le=60)
    wish_notices_minutes: int = Field(default=15, ge=0, le=1_440)
    outbox_linger_seconds: int = Field(default=0, ge=0, le=45)
    reconciliation_minutes: int = Field(default=60, ge=0, le=1_440)
    catalogue_sync_minutes: int = Field(default=15, ge=0, le=1_440)
    closure_minutes: int = Field(default=60, ge=0, le=1_440)
    webhook_minutes: int = Field(default=1, ge=0, le=60)
    privacy_minutes: int = Field(default=1, ge=0, le=60)
    canary_minutes: int = Field(default=15, ge=0, le=1_440)


class Canary(Section):
    """Where the canary has things sent that are never sent: an address that the shop knows, because tax and delivery
    depend on it."""

    full_name: str = Field(default="Canary", min_length=1, max_length=60)
    phone: str = Field(default="+12065550100", pattern=r"^\+[1-9][0-9]{6,14}$")
    line1: str = Field(default="410 Terry Avenue North", min_length=1, max_length=60)
    city: str = Field(default="Seattle", min_length=1, max_length=60)
    state_or_region: str = Field(default="WA", max_length=60)
    postal_code: str = Field(default="98109", min_length=2, max_length=12)
    country_code: str = Field(default="US", pattern=r"^[A-Z]{2}$")


class Delivery(Section):
    """Who deploys without a person's credentials: workflows of the `repository` at GitHub (owner/name) that run for the
    environment of this deployment's name there. Empty: nobody. An account has one `provider` of GitHub's tokens: false
    where somebody else's stack makes it."""

    repository: str = Field(default="", pattern=r"^$|^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")
    provider: bool = True


class Objectives(Section):
    """What is promised, in percent over 30 days (docs/operations/slo.md). `fewest_bad`: fewer in an alarm's window are
    chance, however few came. `redemption_minutes`: from the last moment that
    waits for a person to the redemption's end."""

    member_percent: float = Field(default=99.9, ge=90, le=99.999)
    member_ms: int = Field(default=1_000, ge=50, le=29_000)
    member_quick_percent: float = Field(default=99, ge=50, le=99.99)
    redemptions_percent: float = Field(default=99, ge=50, le=99.99)
    redemption_minutes: int = Field(default=60, ge=1, le=1_440)
    inbound_percent: float = Field(default=99.9, ge=90, le=99.999)
    fewest_bad: int = Field(default=5, ge=1, le=10_000)


class Observability(Section):
    """Logs, alarms, traces. `trail`: CloudTrail of our own, whose records are locked for `trail_days`; false where the
    organisation has one that the account's operators hear of.

    `repository_url`: where this repository's files are read, with a slash at its end
    (`https://git.example/loyalty/blob/main/`); alarms' links to docs/operations/ begin with it.
    """

    log_retention_days: int = 30
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    alarms: bool = True
    tracing: bool = True
    trail: bool = True
    trail_days: int = Field(default=400, ge=90, le=3_650)
    repository_url: str = Field(default="", pattern=r"^$|^https://\S+/$")
    objectives: Objectives = Objectives()


class Cost(Section):
    """What operators hear about money. `monthly_budget_usd`: they are told at each of `thresholds_percent` of it, and
    with `forecast` when the month is going to be above it; 0: there is none. It is of the whole account, or with
    `by_tag` of what has this deployment's tag, which has to be made a cost allocation tag by hand before.

    `anomaly_usd`: told at once when a day costs so much more than usual; needs that tag. 0: nobody looks.
    """

    monthly_budget_usd: int = Field(default=0, ge=0, le=10_000_000)
    thresholds_percent: tuple[Annotated[int, Field(ge=1, le=1_000)], ...] = Field(
        default=(50, 80, 100), min_length=1, max_length=8, strict=False
    )
    forecast: bool = True
    by_tag: bool = False
    anomaly_usd: int = Field(default=0, ge=0, le=1_000_000)
