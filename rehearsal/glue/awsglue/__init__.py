"""The part of AWS Glue's library that a job script needs, for the rehearsal's jobs alone.

The names are those of https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python.html.
"""
