"""Class lists as the platforms export them."""

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,01_cost (4711),Essay (12),Final Score\r\n"
    ",,,,,Manual Posting,,\r\n"
    "    Points Possible,,,,,14.00,10.00,(read only)\r\n"
    '"Byron, Ada",501,S1,ada,"A, B",2.00,7.00,64\r\n'
    '"Zola, Émile",502,S2,ezola,A,,,\r\n'
    '"Weil, Simone",503,S3,sw,A,,,\r\n'
    '"Student, Test",999,,0f3a,A,,,\r\n'
)
MOODLE = (
    "\ufeffFirst name,Last name,ID number,Institution,Department,Email address,Quiz (Real)\n"
    "Ada,Byron,77,,,Ada@Example.org,3.00\n"
    "Émile,Zola,78,,,zola@example.org,-\n"
)
