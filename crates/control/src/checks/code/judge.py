# Holds the tests and gives the verdicts; the code under test runs in another process (worker.py).
# Reads one JSON object on stdin, writes one JSON object per line on stdout, which the other never gets.
import ast, builtins, inspect, json, math, os, subprocess, sys, types, unittest

order = json.load(sys.stdin)
exec(order["wire"])


def say(**line):
    os.write(1, (json.dumps(line) + "\n").encode())


class Ended(Exception):
    """The process under test is gone."""


class Remote:
    """Something that lives in the process under test. Whatever is done with it is done there."""

    def __init__(self, place):
        object.__setattr__(self, "_place", place)

    def __getattr__(self, name):
        return ask("get", self._place, [name], {})

    def __setattr__(self, name, value):
        ask("set", self._place, [name, value], {})

    def __call__(self, *arguments, **named):
        return ask("call", self._place, list(arguments), named)

    def __hash__(self):
        return ask("op", self._place, ["__hash__"], {})

    def __eq__(self, other):
        # A made-up object must not pass for a number or a text by declaring itself equal.
        if not isinstance(other, Remote):
            return False
        return plain(ask("op", self._place, ["__eq__", other], {}))

    def __ne__(self, other):
        return not self == other

    def __instancecheck__(self, instance):
        return isinstance(instance, Remote) and ask("isinstance", self._place, [instance], {})


def forward(name):
    return lambda self, *arguments: ask("op", self._place, [name, *arguments], {})


# A made-up object must not be asked about a value that the tests expect: what it says of it would be what
# passes, as in `abs(area(2) - 12.566) < 0.001`.
def among(name):
    def operate(self, other, *more):
        if not all(isinstance(one, Remote) for one in (other, *more)):
            raise TypeError(
                f"an object of the solution's own cannot be used with a plain value in __{name}__; "
                "take a plain value out of it first, such as float(it) or it.field"
            )
        return ask("op", self._place, [f"__{name}__", other, *more], {})
    return operate


def ordered(name):
    operate = among(name)
    return lambda self, other: plain(operate(self, other))


def plain(answer):
    if not isinstance(answer, bool):
        raise TypeError("a comparison of the solution's objects gave neither true nor false")
    return answer


def truth(self):
    raise TypeError("an object of the solution's own is neither true nor false: compare it, or what it holds")


def backwards(name):
    def operate(self, other):
        raise TypeError(f"an object of the solution's own cannot be used with a plain value in __{name}__")
    return operate


for name in "len iter next getitem setitem delitem contains neg abs repr str int float enter exit".split():
    setattr(Remote, f"__{name}__", forward(f"__{name}__"))
for name in "add sub mul truediv floordiv mod pow and or xor".split():
    setattr(Remote, f"__{name}__", among(name))
    setattr(Remote, f"__r{name}__", backwards(f"r{name}"))
for name in "lt le gt ge".split():
    setattr(Remote, f"__{name}__", ordered(name))
Remote.__bool__ = truth

errors = {}


def error_class(name, base):
    if name not in errors:
        errors[name] = type(name, (getattr(builtins, base, Exception),), {})
    return errors[name]


class Process:
    def __init__(self):
        theirs, self.to = os.pipe()
        self.back, ours = os.pipe()
        command = [sys.executable, "-I", "-B", *order["flags"], "-c", order["worker"], str(theirs), str(ours)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, pass_fds=(theirs, ours))
        os.close(theirs)
        os.close(ours)
        send(self.to, order["wire"])
        self.names = self.await_answer()

    def await_answer(self):
        while True:
            frame = receive(self.back)
            if frame is None:
                raise Ended(f"the program ended (exit code {self.process.wait()})")
            kind, *rest = frame
            if kind == "call":
                try:
                    function, arguments, named = (unpack(part, open_remote) for part in rest)
                    send(self.to, ["answer", pack(function(*arguments, **named), name_of), []])
                except Exception as error:
                    send(self.to, ["error", type(error).__name__, "Exception", str(error)])
            elif kind == "error":
                name, base, text = rest
                known = getattr(builtins, name, None)
                if isinstance(known, type) and issubclass(known, Exception):
                    raise known(text)
                raise error_class(name, base)(text)
            else:
                return rest


def open_remote(place):
    if place[0] == "mine":
        return kept[place[1]]
    if place[0] == "class":
        return error_class(place[1], place[2])
    return Remote(place)


def name_of(value):
    return value._place if isinstance(value, Remote) else keep(value)


def ask(what, place, arguments, named):
    send(process.to, [what, place, pack(arguments, name_of), pack(named, name_of)])
    answer, changed = process.await_answer()
    if what == "call":
        # What the call did to lists and the like that it was given.
        for argument, now in zip(arguments, changed):
            now = unpack(now, open_remote)
            if type(argument) in (list, bytearray) and type(now) is type(argument):
                argument[:] = now
            elif type(argument) in (dict, set) and type(now) is type(argument):
                argument.clear()
                argument.update(now)
    return unpack(answer, open_remote)


def same(found, wanted):
    if isinstance(found, tuple):
        found = list(found)
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    if isinstance(wanted, float) or isinstance(found, float):
        number = isinstance(found, (int, float)) and isinstance(wanted, (int, float))
        return number and math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(wanted, list):
        return type(found) is list and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return type(found) is dict and found.keys() == wanted.keys() and all(same(found[k], wanted[k]) for k in wanted)
    return type(found) is type(wanted) and found == wanted


def compare(call, wanted):
    found = eval(call, space)
    if not same(found, wanted):
        raise AssertionError(f"{call} gave {found!r}, expected {wanted!r}"[:400])


def each_test(tree):
    """Names and functions of all tests; statements that are none are run when their turn comes."""
    steps = []
    for node in tree.body:
        code = compile(ast.Module([node], []), "tests", "exec")
        run = lambda code=code: exec(code, space)
        if isinstance(node, ast.Assert):
            steps.append((f"line {node.lineno}", run))
        else:
            steps.append((None, run))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            steps.append((node.name, lambda name=node.name: run_function(space[name])))
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) and inner.name.startswith("test"):
                    steps.append((f"{node.name}.{inner.name}", method(node.name, inner.name)))
    return steps


def run_function(function):
    made = function()
    if hasattr(made, "__await__"):
        import asyncio
        asyncio.run(made)


def method(kind, name):
    def run():
        found = space[kind]
        if not issubclass(found, unittest.TestCase):
            return run_function(getattr(found(), name))
        if inspect.iscoroutinefunction(getattr(found, name)) and not issubclass(found, unittest.IsolatedAsyncioTestCase):
            raise AssertionError("an async test needs unittest.IsolatedAsyncioTestCase: TestCase would not run it")
        result = unittest.TestResult()
        found(name).run(result)
        if not result.wasSuccessful() or result.testsRun != 1 or result.skipped:
            trouble = result.failures + result.errors
            raise AssertionError(trouble[0][1].strip().splitlines()[-1] if trouble else "it was skipped")
    return run


def start():
    global process
    process = Process()
    module = types.ModuleType("solution")
    for name, place in process.names:
        value = open_remote(place)
        setattr(module, name, value)
        # A made-up `len` must not be the one that the tests call.
        if not hasattr(builtins, name):
            space.setdefault(name, value)
    module.__all__ = [name for name, _ in process.names]
    sys.modules["solution"] = module


def names(tree):
    for node in ast.walk(tree):
        kind = "class" if isinstance(node, ast.ClassDef) else "function"
        if order["names"] and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            say(named={"line": node.lineno, "kind": kind, "name": node.name})


def main():
    try:
        tree = ast.parse(order["solution"])
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return say(syntax=f"line {getattr(error, 'lineno', None) or '?'}: {error}")
    say(syntax=None)
    names(tree)
    if order["tests"] is None:
        return say(done=True)
    if isinstance(order["tests"], str):
        try:
            steps = each_test(ast.parse(order["tests"]))
        except SyntaxError as error:
            return say(broken=f"the tests cannot be read: {error}")
    else:
        steps = [(t["call"], lambda t=t: compare(t["call"], t["returns"])) for t in order["tests"]]
    say(plan=[name for name, _ in steps if name])
    with open("solution.py", "w") as file:
        file.write(order["solution"])
    try:
        start()
    except BaseException as error:
        return say(load=f"{type(error).__name__}: {error}"[:400])
    for name, run in steps:
        try:
            run()
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"[:400].rstrip(": ")
            if name is None:
                return say(broken=f"the tests themselves failed: {why}")
            say(failed=name, why=why)
            if isinstance(error, Ended) or process.process.poll() is not None:
                try:
                    start()
                except BaseException:
                    break
        else:
            if name:
                say(passed=name)
    say(done=True)


space = {"__name__": "tests"}
main()
sys.stdout.flush()
os._exit(0)
