"""What must hold for any bytes: checked on chosen ones by pytest and hypothesis, on found ones by atheris.

python -m tests.fuzz framing -max_total_time=60     # needs `pip install atheris`; `nox -s fuzz` runs every target
"""
