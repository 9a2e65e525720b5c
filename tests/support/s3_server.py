"""An S3 service on loopback (moto), in a process of its own: `python -m tests.support.s3_server`.

Prints its port and the one key that it accepts as a line of JSON, and ends with its standard input."""

import json
import os
import sys

REGION = "ap-south-1"
BUCKET = "films"
SETTING_UP = 4  # requests that need no signature: those of `_set_up`
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def main() -> None:
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(SETTING_UP)
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    sys.stdout.write(json.dumps({"port": port, **_set_up(f"http://{host}:{port}")}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _set_up(address: str) -> dict[str, str]:
    import boto3

    facts = {"endpoint_url": address, "region_name": REGION, "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    users = boto3.client("iam", **facts)
    users.create_user(UserName="csss")
    key = users.create_access_key(UserName="csss")["AccessKey"]
    users.put_user_policy(UserName="csss", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    place = {"LocationConstraint": REGION}
    boto3.client("s3", **facts).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    return {"key_id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


if __name__ == "__main__":
    main()
