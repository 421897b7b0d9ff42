# role: test
import multiprocessing
import subprocess
import sys

child = multiprocessing.Process(target=print)
child.start()
other = subprocess.Popen([sys.executable, "-c", ""])
other.wait()
