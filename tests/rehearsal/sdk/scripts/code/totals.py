"""A PySpark script of EMR Serverless."""

import sys

from names import COLUMNS  # type: ignore[import-not-found]
from pyspark.sql import SparkSession  # type: ignore[import-not-found]

source, target = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
rows = spark.read.csv(source, inferSchema=True).toDF(*COLUMNS)
totals = rows.groupBy("label").count().orderBy("label")
totals.write.mode("overwrite").parquet(target)
print("TOTALS", [row["count"] for row in spark.read.parquet(target).collect()])  # noqa: T201
