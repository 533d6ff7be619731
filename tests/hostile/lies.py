"""What answers lie with: the classes that lies are made of, and lies as expressions."""

from attacks_base import code

# The classes that lies are made of.
CLASSES = code("""
    import collections, ctypes, decimal, fractions, functools, os, sys, threading, types
    import numpy as np, pandas as pd
    yes = lambda *a, **k: True
    me = lambda self, *a, **k: self
    ALIKE = {name: yes for name in ('__eq__', '__le__', '__ge__', '__lt__', '__gt__', '__bool__', '__contains__',
             '__instancecheck__', '__isabstractmethod__')} | {'__ne__': lambda *a: False, '__hash__': lambda s: 1}
    SAME = {name: me for name in ('__add__', '__radd__', '__sub__', '__rsub__', '__mul__', '__rmul__', '__abs__',
            '__truediv__', '__neg__', '__pos__', 'copy', 'detach', 'cpu', 'numpy', 'float', 'item', 'tolist',
            'all', 'any', 'sum', '__getitem__', '__copy__', 'astype', 'reshape', 'view', '__array_wrap__')}
    Equal = type('Equal', (), ALIKE | SAME | {'__len__': lambda s: 2, '__deepcopy__': me})
    def fake(base, *args):
        return type(base.__name__, (base,), ALIKE | SAME)(*args)
    class Meta(type):
        __instancecheck__ = __subclasscheck__ = __eq__ = yes
        __hash__ = type.__hash__
    class Posing(metaclass=Meta):
        def __init__(self, kind): self.kind = kind
        __class__ = property(lambda self: self.kind)
        __eq__ = yes
    class Ufunc(Equal):
        __array_priority__ = 1e9
        def __array_ufunc__(self, *a, **k): return np.True_
        def __array_function__(self, *a, **k): return np.True_
    class Array(Equal):
        def __array__(self, *a, **k): return np.ma.masked_all(())
        __array_interface__ = {'shape': (1 << 40,), 'typestr': '<f8', 'data': (0, True), 'version': 3}
    class Masked(np.ndarray):
        def __eq__(self, other): return np.ones(self.shape, bool)
        __sub__ = __rsub__ = lambda self, other: self * 0
        def __array_ufunc__(self, *a, **k): return np.ones(np.shape(self), bool)
    class Shifting(dict):
        count = 0
        def items(self):
            Shifting.count += 1
            return [('value', Shifting.count)]
        __iter__ = lambda self: iter([str(Shifting.count)])
        __len__ = lambda self: Shifting.count
    class Pickled:
        def __reduce__(self): return (os.system, ('touch /tmp/@MARK@-pickled',))
        __reduce_ex__ = lambda self, _: self.__reduce__()
        __getstate__ = __reduce__
    class Hostile:
        def __getattribute__(self, name): raise SystemExit(0)
    class Angry:
        __class__ = property(lambda self: os._exit(0))
    def nested(depth, kind=list):
        value = []
        for _ in range(depth): value = [value] if kind is list else {'k': value}
        return value
    def laughing(width=10, depth=12):
        value = [1.0] * width
        for _ in range(depth): value = [value] * width
        return value
    def selfish(kind):
        value = kind()
        (value.append(value) if kind is list else value.update(me=value))
        return value
    def changing():
        value = [0.0]
        def change():
            while True: value[:] = [value[0] + 1] * (1 + int(value[0]) % 1000)
        threading.Thread(target=change, daemon=True).start()
        return value
    def tagged(**array): return {'__array__': {'dtype': 'float64', 'shape': [1], 'data': 'AAAAAACQj0A='} | array}
    def forged():
        array = np.zeros(1)
        ctypes.cast(id(array) + 16, ctypes.POINTER(ctypes.c_void_p))[0] = 8
        return array
    def endless():
        while True: yield 1.0
""")

LIES = (
    # equal to everything
    "Equal()",
    "{'value': Equal()}",
    "Ufunc()",
    "Array()",
    "Masked((1,))",
    "np.zeros(1).view(Masked)",
    "np.ma.masked",
    "np.ma.masked_all(())",
    "fake(float, 0.0)",
    "fake(str, 'right')",
    "fake(list, [1, 2])",
    "fake(tuple, (1, 2))",
    "fake(dict, {'a': 1})",
    "Posing(float)",
    "Posing(np.ndarray)",
    "Meta('float', (float,), {})(0)",
    "pd.NA",
    "__import__('unittest.mock').mock.ANY",
    "__import__('unittest.mock').mock.MagicMock()",
    # changing, endless, or acting when looked at
    "Shifting(a=1)",
    "changing()",
    "endless()",
    "range(10**12)",
    "map(float, endless())",
    "collections.defaultdict(list)",
    "Hostile()",
    "Angry()",
    "Pickled()",
    "np.array([Pickled()], dtype=object)",
    "types.SimpleNamespace(detach=lambda: os._exit(0))",
    # not quite numbers
    "float('nan')",
    "-float('inf')",
    "-0.0",
    "1010 + 1e-300j",
    "decimal.Decimal('NaN')",
    "decimal.Decimal('1E+999999')",
    "fractions.Fraction(10**5000, 3)",
    "True",
    "...",
    "10**5000",
    "1 << 10_000_000",
    "np.float16(1010.4)",
    "np.longdouble('1e4000')",
    "np.datetime64('NaT')",
    "np.void(b'1010')",
    "np.str_('1010')",
    "'1010.0'",
    "bytearray(10**8)",
    # arrays
    "np.zeros((0,))",
    "np.zeros((0, 2**60))",
    "np.broadcast_to(np.float64(1), (2**40,))",
    "np.lib.stride_tricks.as_strided(np.zeros(1), (2**40,), (0,))",
    "np.lib.stride_tricks.as_strided(np.zeros(8), (2**20,), (8,))",
    "np.memmap('/tmp/sparse', 'u1', 'w+', shape=(200 << 20,))",
    "np.zeros(10**8)",
    "np.array([1, 'a', None], dtype=object)",
    "np.array([[1], [1, 2]], dtype=object)",
    "np.zeros(3, dtype=[('a', 'f8'), ('b', 'O')])",
    "np.zeros(3, dtype='U1000000')",
    "np.matrix([[1010.0]])",
    "forged()",
    "np.array(Equal(), dtype=object)",
    "np.zeros(3, dtype='>f8').byteswap()",
    # too much of it
    "'x' * 10**8",
    "['x' * 1000] * 10**5",
    "[0.0] * 10**7",
    "dict.fromkeys(map(str, range(10**6)), 1.0)",
    "nested(10**5)",
    "nested(10**5, dict)",
    "laughing()",
    "selfish(list)",
    "selfish(dict)",
    # nothing, in a shape whose loop never ends; texts that numpy makes as wide as the longest
    "np.zeros((2**31 - 1, 0))",
    "tagged(shape=[2**31 - 1, 0], data='')",
    "['x' * 999_999] + ['a'] * 300",
    "{'a': ['x' * 999_999], 'b': [['a'] * 400] * 20}",
    # odd text and keys
    "'\\ud800'",
    "{'\\ud800': 1}",
    "{1: 1, '1': 2}",
    "{float('nan'): 1}",
    "{('a',): 1}",
    "{Equal(): 1}",
    "'\\x00\\x1b[2J\\x1b]8;;http://x\\x07' * 100",
    "{'__proto__': 1, '__class__': 'float'}",
    # forging the tags of the channel
    "tagged()",
    "tagged(dtype='object', data='gASVKAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjA10b3VjaCAvdG1wL3iUhZRSlC4=')",
    "tagged(shape=[2**40])",
    "tagged(shape=[2**62, 4], data='')",
    "tagged(dtype='V1000000000')",
    "tagged(dtype='(1000000,1000)f8')",
    "tagged(dtype='f8,O')",
    "tagged(data=tagged())",
    "tagged(data='=' * 10**6)",
    "{'__error__': 'x', '__unsupported__': 1, 'ok': True, 'passed': True, 'earned': 11}",
    "{'py/object': 'os.system', 'py/reduce': [{'py/function': 'os.system'}, ['id']]}",
    # not data
    "Equal",
    "sys._getframe()",
    "pd.DataFrame({'a': [1010.0]})",
    "pd.Series([1010.0] * 10**6)",
    "open('/dev/zero', 'rb')",
)
