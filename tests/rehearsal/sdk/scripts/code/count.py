"""A PySpark script that reads and writes buckets and the folders of the job."""

import argparse

from names import COLUMNS  # type: ignore[import-not-found]
from pyspark.sql import SparkSession  # type: ignore[import-not-found]
from pyspark.sql import functions as f

parser = argparse.ArgumentParser()
parser.add_argument("--source")
parser.add_argument("--target")
given = parser.parse_args()

spark = SparkSession.builder.appName("count").getOrCreate()
rows = spark.read.csv(given.source, inferSchema=True).toDF(*COLUMNS)
counts = rows.groupBy("label").agg(f.count("*").alias("rows"), f.avg("a").alias("a"))
counts.write.mode("overwrite").parquet(f"{given.target}/counts")
counts.write.mode("overwrite").partitionBy("label").csv(f"{given.target}/parts", header=True)
found = spark.read.parquet(f"{given.target}/counts").orderBy("label").collect()
lines = spark.sparkContext.textFile(f"{given.source}/*.csv").count()
setting = spark.conf.get("spark.sql.shuffle.partitions")
local = spark.read.csv("file:///opt/ml/processing/input/table").count()
counts.coalesce(1).write.mode("overwrite").json("/opt/ml/processing/output/counts")
print(f"FOUND {[row.rows for row in found]} {lines} {setting} {local}")  # noqa: T201  # the job's log
