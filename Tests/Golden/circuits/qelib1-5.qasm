// Every gate of qelib1 once, on 5 qubits.
OPENQASM 2.0;
include "qelib1.inc";
qreg q[5]; creg c[5];
u3(0.3,0.1,0.2) q[0]; u2(0.4,-0.3) q[1]; u1(0.7) q[2]; u(1.1,0.2,-0.4) q[3]; p(0.9) q[4];
h q; u0(1) q[0]; id q[1]; x q[2]; y q[3]; z q[4]; s q[0]; sdg q[1]; t q[2]; tdg q[3];
sx q[4]; sxdg q[0]; rx(0.21) q[1]; ry(0.32) q[2]; rz(0.43) q[3];
cx q[0],q[1]; cy q[1],q[2]; cz q[2],q[3]; ch q[3],q[4]; csx q[4],q[0];
crx(0.5) q[0],q[2]; cry(0.6) q[1],q[3]; crz(0.7) q[2],q[4]; cu1(0.8) q[3],q[0]; cp(0.9) q[4],q[1];
cu3(0.2,0.4,0.6) q[0],q[3]; cu(0.3,0.5,0.7,0.9) q[1],q[4]; swap q[0],q[4];
ccx q[0],q[1],q[2]; cswap q[2],q[3],q[4]; rzz(0.35) q[0],q[1]; rxx(0.45) q[1],q[2];
rccx q[2],q[3],q[4]; c3x q[0],q[1],q[2],q[3]; c3sqrtx q[1],q[2],q[3],q[4];
rc3x q[0],q[1],q[2],q[3]; c4x q[0],q[1],q[2],q[3],q[4];
measure q -> c;
