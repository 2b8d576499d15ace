"""Lets pm4py make the process map and the variants of a process's log in CSV, and prints them as one line of JSON.

Arguments: the file, and the names of the columns of the case, the activity and the time.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import numpy
import pandas
import pm4py
from pm4py.algo.discovery.dfg import algorithm


def main():
    file, case, activity, time = sys.argv[1:5]
    # Everything is text: a case called 007 is no number.
    table = pandas.read_csv(file, dtype=str, keep_default_na=False)
    table[time] = pandas.to_datetime(table[time], utc=True, format="ISO8601")
    table = pm4py.format_dataframe(table, case_id=case, activity_key=activity, timestamp_key=time)
    edges, starts, ends = pm4py.discover_dfg(table)
    log = pm4py.convert_to_event_log(table)
    raw = {"aggregationMeasure": "raw_values"}
    seconds = algorithm.apply(log, variant=algorithm.Variants.PERFORMANCE, parameters=raw)
    nodes = table["concept:name"].value_counts()
    print(
        json.dumps(
            {
                "nodes": [[str(step), int(count)] for step, count in nodes.items()],
                "edges": [
                    [one, other, int(count), *numpy.percentile(numpy.array(seconds[one, other]) * 1000, [50, 95])]
                    for (one, other), count in edges.items()
                ],
                "starts": [[step, int(count)] for step, count in starts.items()],
                "ends": [[step, int(count)] for step, count in ends.items()],
                "variants": [[list(steps), int(count)] for steps, count in pm4py.get_variants(table).items()],
            }
        )
    )


main()
