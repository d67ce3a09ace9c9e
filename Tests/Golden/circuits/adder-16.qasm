// Cuccaro adder, 7 bits: every a at once, + 45.
OPENQASM 2.0;
include "qelib1.inc";
gate majority a,b,c { cx c,b; cx c,a; ccx a,b,c; }
gate unmaj a,b,c { ccx a,b,c; cx c,a; cx a,b; }
qreg cin[1]; qreg a[7]; qreg b[7]; qreg cout[1];
creg ca[7]; creg sum[8];
h a;
x b[0];
x b[2];
x b[3];
x b[5];
majority cin[0],b[0],a[0];
majority a[0],b[1],a[1];
majority a[1],b[2],a[2];
majority a[2],b[3],a[3];
majority a[3],b[4],a[4];
majority a[4],b[5],a[5];
majority a[5],b[6],a[6];
cx a[6],cout[0];
unmaj a[5],b[6],a[6];
unmaj a[4],b[5],a[5];
unmaj a[3],b[4],a[4];
unmaj a[2],b[3],a[3];
unmaj a[1],b[2],a[2];
unmaj a[0],b[1],a[1];
unmaj cin[0],b[0],a[0];
measure a -> ca;
measure b[0] -> sum[0];
measure b[1] -> sum[1];
measure b[2] -> sum[2];
measure b[3] -> sum[3];
measure b[4] -> sum[4];
measure b[5] -> sum[5];
measure b[6] -> sum[6];
measure cout[0] -> sum[7];
