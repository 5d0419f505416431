"""Asks for one row a patient under the name of an aggregate: somebody has to look at it before it leaves."""
import csv

with open("/data/patients.csv", newline="") as file, open("/out/sizes.csv", "w", newline="") as out:
    rows = list(csv.reader(file))[1:]
    table = csv.writer(out)
    table.writerow(["patient", "radius", "texture"])
    for number, row in enumerate(rows[:40], 1):
        table.writerow([number, row[0], row[1]])
