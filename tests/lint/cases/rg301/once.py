"""What is made once, by other shapes."""

import threading

lock = threading.Lock()
loop = None
configured: set[int] = set()
learned: set[str] = set()
counted: set[str] = set()
unasked: set[str] = set()  # expect: RG301


def background(make):
    global loop
    with lock:
        if loop is None or loop.is_closed():

            def build():
                global loop
                loop = make()

            threading.Thread(target=build).start()
        return loop


def configure(engine):
    key = id(engine)
    with lock:
        if key in configured:
            return
        engine.configure()
        configured.add(key)


def remember_refusal(model):
    learned.add(model)


def count(model):
    unasked.add(model)
    if model in counted:
        return


unasked_too: set[str] = set()  # expect: RG301


def asks_after(model):
    unasked_too.add(model)
    if model in unasked_too:
        return


def first_log(*words):
    global log
    log = print
    log(*words)


log = first_log
level = 0


def set_level(value):
    global level  # expect: RG301
    level = value
kinds_by_name = {}
facts: dict[str, bool] = {}
refused: dict[str, set[str]] = {}
replaced = {}
paths = {}
rules = []
shared_path: dict[str, str] = {}  # expect: RG301
online: set[str] = set()  # expect: RG301
totals: dict[str, int] = {}  # expect: RG301
checked = False
problem = None
running = False


def kind_of(name):
    if not kinds_by_name:
        _find_kinds()
    return kinds_by_name[name]


def _find_kinds():
    def collect(kind):
        for one in kind.__subclasses__():
            kinds_by_name[one.__name__] = one
            collect(one)

    collect(Exception)


def learn(model, mechanism):
    facts[model] = True
    refused.setdefault(model, set()).add(mechanism)


def mechanism_of(model):
    return facts.get(model), model in refused


def replace_package(old, new):
    replaced[old] = new


def find(name):
    return name in replaced


def AddPath(package, path):
    paths.setdefault(package, []).append(path)


def rule(function):
    rules.append(function)
    return function


@rule
def starts_with(text):
    return shared_path[text]


def share(name, path):
    shared_path[name] = path


def came(user):
    online.add(user)


def went(user):
    online.discard(user)


def is_online(user):
    return user in online


def count_up(name):
    totals[name] = totals.get(name, 0) + 1


def total(name):
    return totals.get(name)


def check():
    global checked, problem
    if checked:
        if problem:
            raise NotImplementedError(problem)
    checked = True
    problem = "no semaphores"


def run():
    global running  # expect: RG301
    if running:
        raise RuntimeError("it runs already")
    running = True


def __getattr__(name):
    global OldName
    OldName = name
    return OldName


def words_of(text):
    if pattern is None:
        _compile()
    return pattern.split(text)


pattern = None
current = None


def _compile():
    global pattern
    pattern = lock


def set_current(value):
    global current  # expect: RG301
    current = value


def get_current():
    if current is None:
        set_current(object())
    return current


def set_up(codecs_module, given):
    global codecs, level_names  # expect: RG301
    codecs = codecs_module
    level_names = given


codecs = None
level_names = None


def only_module(io_module):
    global io
    io = io_module


io = None
