"""The usual services of the AWS console, to choose where to land. Pure: no Django, no AWS calls.

botocore knows no console addresses. Each row names the page of AWS's documentation where the
service begins; a path that AWS changes leads to the console's front page.
"""

from dataclasses import dataclass

_DOCS = "https://docs.aws.amazon.com/"


@dataclass(frozen=True)
class ConsoleService:
    """A service of the console."""

    key: str
    """By which preferences and forms name it."""
    title: str
    path: str
    """Its front page, on every host of the console."""
    page: str
    """The page of AWS's documentation that names its address."""


def _service(key: str, title: str, path: str, page: str) -> ConsoleService:
    return ConsoleService(key=key, title=title, path=path, page=_DOCS + page)


SERVICES = (
    _service(
        "acm",
        "Certificate Manager",
        "/acm/home",
        "acm/latest/userguide/acm-public-certificates.html",
    ),
    _service(
        "apigateway",
        "API Gateway",
        "/apigateway/main/apis",
        "apigateway/latest/developerguide/getting-started.html",
    ),
    _service("athena", "Athena", "/athena/home", "athena/latest/ug/getting-started.html"),
    _service(
        "bedrock", "Bedrock", "/bedrock/home", "bedrock/latest/userguide/getting-started.html"
    ),
    _service(
        "billing",
        "Billing and Cost Management",
        "/billing/home",
        "awsaccountbilling/latest/aboutv2/billing-getting-started.html",
    ),
    _service(
        "cloudformation",
        "CloudFormation",
        "/cloudformation/home",
        "AWSCloudFormation/latest/UserGuide/cfn-console-login.html",
    ),
    _service(
        "cloudfront",
        "CloudFront",
        "/cloudfront/v4/home",
        "AmazonCloudFront/latest/DeveloperGuide/GettingStarted.SimpleDistribution.html",
    ),
    _service(
        "cloudtrail",
        "CloudTrail",
        "/cloudtrailv2/home",
        "awscloudtrail/latest/userguide/view-cloudtrail-events-console.html",
    ),
    _service(
        "cloudwatch",
        "CloudWatch",
        "/cloudwatch/home",
        "AmazonCloudWatch/latest/monitoring/GettingSetup.html",
    ),
    _service(
        "logs",
        "CloudWatch Logs",
        "/cloudwatch/home#logsV2:log-groups",
        "AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    ),
    _service(
        "codebuild",
        "CodeBuild",
        "/codesuite/codebuild/projects",
        "codebuild/latest/userguide/getting-started-create-build-project-console.html",
    ),
    _service(
        "codepipeline",
        "CodePipeline",
        "/codesuite/codepipeline/pipelines",
        "codepipeline/latest/userguide/pipelines-view-console.html",
    ),
    _service("config", "Config", "/config/home", "config/latest/developerguide/gs-console.html"),
    _service(
        "costs",
        "Cost Explorer",
        "/cost-management/home",
        "cost-management/latest/userguide/ce-enable.html",
    ),
    _service(
        "dynamodb",
        "DynamoDB",
        "/dynamodbv2/home",
        "amazondynamodb/latest/developerguide/ConsoleDynamoDB.html",
    ),
    _service("ec2", "EC2", "/ec2/home", "AWSEC2/latest/UserGuide/EC2_GetStarted.html"),
    _service(
        "ecr",
        "Elastic Container Registry",
        "/ecr/repositories",
        "AmazonECR/latest/userguide/repository-create.html",
    ),
    _service(
        "ecs",
        "Elastic Container Service",
        "/ecs/v2",
        "AmazonECS/latest/developerguide/getting-started-fargate.html",
    ),
    _service(
        "eks",
        "Elastic Kubernetes Service",
        "/eks/home",
        "eks/latest/userguide/getting-started-console.html",
    ),
    _service(
        "elasticache",
        "ElastiCache",
        "/elasticache/home",
        "AmazonElastiCache/latest/dg/GettingStarted.html",
    ),
    _service(
        "eventbridge",
        "EventBridge",
        "/events/home",
        "eventbridge/latest/userguide/eb-get-started.html",
    ),
    _service("glue", "Glue", "/glue/home", "glue/latest/dg/console-overview.html"),
    _service(
        "guardduty", "GuardDuty", "/guardduty/home", "guardduty/latest/ug/guardduty_settingup.html"
    ),
    _service("iam", "IAM", "/iam/home", "IAM/latest/UserGuide/console.html"),
    _service(
        "kms",
        "Key Management Service",
        "/kms/home",
        "kms/latest/developerguide/viewing-keys-console.html",
    ),
    _service(
        "kinesis", "Kinesis", "/kinesis/home", "streams/latest/dev/how-do-i-create-a-stream.html"
    ),
    _service("lambda", "Lambda", "/lambda/home", "lambda/latest/dg/getting-started.html"),
    _service(
        "opensearch",
        "OpenSearch Service",
        "/aos/home",
        "opensearch-service/latest/developerguide/createupdatedomains.html",
    ),
    _service(
        "organizations",
        "Organizations",
        "/organizations/v2/home",
        "organizations/latest/userguide/orgs_tutorials_basic.html",
    ),
    _service("rds", "RDS", "/rds/home", "AmazonRDS/latest/UserGuide/CHAP_GettingStarted.html"),
    _service(
        "redshift",
        "Redshift",
        "/redshiftv2/home",
        "redshift/latest/gsg/new-user.html",
    ),
    _service(
        "route53",
        "Route 53",
        "/route53/v2/home",
        "Route53/latest/DeveloperGuide/hosted-zones-working-with.html",
    ),
    _service("s3", "S3", "/s3/home", "AmazonS3/latest/userguide/GetStartedWithS3.html"),
    _service("sagemaker", "SageMaker AI", "/sagemaker/home", "sagemaker/latest/dg/gs-console.html"),
    _service(
        "secretsmanager",
        "Secrets Manager",
        "/secretsmanager/home",
        "secretsmanager/latest/userguide/create_secret.html",
    ),
    _service(
        "securityhub",
        "Security Hub",
        "/securityhub/home",
        "securityhub/latest/userguide/securityhub-settingup.html",
    ),
    _service("sns", "SNS", "/sns/v3/home", "sns/latest/dg/sns-create-topic.html"),
    _service(
        "sqs",
        "SQS",
        "/sqs/v3/home",
        "AWSSimpleQueueService/latest/SQSDeveloperGuide/creating-sqs-standard-queues.html",
    ),
    _service(
        "states",
        "Step Functions",
        "/states/home",
        "step-functions/latest/dg/getting-started.html",
    ),
    _service("support", "Support", "/support/home", "awssupport/latest/user/case-management.html"),
    _service(
        "systems-manager",
        "Systems Manager",
        "/systems-manager/home",
        "systems-manager/latest/userguide/systems-manager-setting-up-console.html",
    ),
    _service("vpc", "VPC", "/vpcconsole/home", "vpc/latest/userguide/create-vpc.html"),
    _service("wafv2", "WAF", "/wafv2/homev2", "waf/latest/developerguide/getting-started.html"),
)
"""By key."""

_BY_KEY = {service.key: service for service in SERVICES}


def service_named(key: str) -> ConsoleService | None:
    """Return the service of this key; None for another, such as one that an older cooper had."""
    return _BY_KEY.get(key)
