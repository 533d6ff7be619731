"""Attacks by values: answers that claim to be equal, that change, that never end, or that are not data.

Four lies go into one hand-in, as the answers of its four tasks.
"""

from attacks_base import NAMES, Attack, code
from lies import CLASSES, LIES

_LIES = LIES + ("Equal()",) * (-len(LIES) % 4)


def _four(number: int) -> Attack:
    lies = _LIES[4 * number : 4 * number + 4]
    answers = {1: f"answer = {lies[0]}"}
    for task, lie in zip((2, 3, 4), lies[1:], strict=True):
        answers[task] = f"def {NAMES[task]}(*_):\n    return {lie}"
    return Attack(
        f"lies_{number:02d}",
        "answers " + ", ".join(f"`{lie}`" for lie in lies),
        cells=(CLASSES,),
        answers=answers,
        honest=(),
    )


FUNCTIONS = (
    Attack(
        "not_a_function",
        "in place of functions: an object equal to everything, a class, a coroutine",
        cells=(CLASSES,),
        answers={
            2: "idle_dollars = Equal()",
            3: "class cost_per_run(float):\n    def __new__(cls, *_): return Equal()",
            4: "async def stop(*_):\n    return 1, 1",
        },
    ),
    Attack(
        "lying_functions",
        "functions that lie about their code, name and signature, and one that is not the one called",
        cells=(CLASSES,),
        answers={
            2: "class F(Equal):\n    __code__ = __name__ = __wrapped__ = __signature__ = Equal()\n"
            "    def __call__(self, *a): return Equal()\nidle_dollars = F()",
            3: "cost_per_run = functools.partial(fake, float)",
            4: "def stop(*_):\n    globals()['stop'] = lambda *_: (20, 15)\n    return 0, 0",
        },
    ),
    Attack(
        "changes_its_inputs",
        "functions that set the inputs to zero, so that an expected value made of them is zero too",
        answers={
            2: "def idle_dollars(utilisation, seconds, price):\n"
            "    price.flags.writeable = True\n    price[:] = 0; seconds[:] = 0\n    return 0.0",
            3: "def cost_per_run(weeks, price):\n"
            "    for each in weeks.values(): each[:] = 1\n"
            "    weeks.clear()\n    return 3 * price / 3600 + 1",
            4: "def stop(validation, test, patience):\n"
            "    validation[:] = 0.0; validation[0] = 1.0\n    return patience + 1, 1",
        },
    ),
    Attack(
        "knows_the_visible_cases",
        "functions that look the inputs up in the cases of the check that learners see",
        cells=(
            code("""
            import copy, numpy as np
            from mlopt_lessons.course import checking
            def looked_up(task):
                kept = copy.deepcopy(task.cases)
                def same(left, right):
                    try: np.testing.assert_equal(left, right); return True
                    except AssertionError: return False
                def answer(*args):
                    return next((each.right for each in kept if same(list(each.args), list(args))), kept[0].right)
                return answer
            """),
        ),
        answers={
            2: "idle_dollars = looked_up(TASK_2)",
            3: "cost_per_run = looked_up(TASK_3)",
            4: "stop = looked_up(TASK_4)",
        },
    ),
    Attack(
        "right_the_first_time",
        "a function that is right in the first three calls and an object equal to everything after",
        cells=(CLASSES, "calls = []"),
        answers={
            2: "def idle_dollars(utilisation, seconds, price):\n    calls.append(1)\n"
            "    if len(calls) > 3: return Equal()\n"
            "    return (price * seconds / 3600)[utilisation < 5].sum()",
        },
    ),
    Attack(
        "torch_values",
        "tensors on the meta device, sparse, quantized, huge by stride, or with a subclass that lies",
        cells=(
            code("""
            import torch
            class Lying(torch.Tensor):
                @classmethod
                def __torch_function__(cls, *a, **k): return True
                def numpy(self): return __import__('os')._exit(0)
            """),
        ),
        answers={
            2: "def idle_dollars(*_):\n    return torch.empty((2**40,), device='meta')",
            3: "def cost_per_run(*_):\n    return torch.zeros(1).expand(2**40)",
            4: "def stop(*_):\n    return torch.zeros(2).as_subclass(Lying)",
        },
    ),
)
LYING = (*(_four(number) for number in range(len(_LIES) // 4)), *FUNCTIONS)
