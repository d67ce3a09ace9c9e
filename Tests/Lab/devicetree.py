"""The device tree of an emulated Raspberry Pi Zero 2 W.

QEMU's generic board (`virt`) describes itself; the description gets a Pi's name and serial number and what
matters to the agent:

- the thermal sensor of the Pi's chip. The kernel's own driver (bcm2835_thermal) reads a register in
  memory; here that register is in the last page of the board's RAM, which the kernel is told to leave
  alone and the lab writes from outside. So a temperature goes through the real kernel: zone, trips, hwmon.
- four processor frequencies behind a chain of multiplexed clocks, and cooling by them above 80 °C.
"""

import pathlib
import subprocess
import tempfile

PAGE_BYTES = 4096
RAM_START = 0x4000_0000
FREQUENCIES_MHZ = (600, 700, 800, 1000)
# The chip's: milli °C = OFFSET − SLOPE × register. Ten bits; the eleventh says that they are valid.
SLOPE_MILLI_C = 538
OFFSET_MILLI_C = 412_000
VALID = 0x400
# In the sensor's registers: status comes after control.
STATUS_OFFSET_BYTES = 4

ADDITIONS = """
/ {{
  model = "Raspberry Pi Zero 2 W Rev 1.0";
  compatible = "raspberrypi,model-zero-2-w", "brcm,bcm2837", "linux,dummy-virt";
  serial-number = "{serial}";

  reserved-memory {{
    #address-cells = <2>; #size-cells = <2>; ranges;
    sensor@{page:x} {{ reg = <0 {page:#x} 0 {page_bytes:#x}>; no-map; }};
  }};
  sensor_clock: sensor-clock {{ compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <1920000>; }};
  sensor: thermal@{page:x} {{
    compatible = "brcm,bcm2837-thermal"; reg = <0 {page:#x} 0 0x8>;
    clocks = <&sensor_clock>; #thermal-sensor-cells = <0>;
  }};

  {clocks}
  low: low-clock {{ compatible = "gpio-mux-clock"; #clock-cells = <0>;
    clocks = <&mhz{f[0]}>, <&mhz{f[1]}>; select-gpios = <&{{/pl061@9030000}} 5 0>; }};
  high: high-clock {{ compatible = "gpio-mux-clock"; #clock-cells = <0>;
    clocks = <&mhz{f[2]}>, <&mhz{f[3]}>; select-gpios = <&{{/pl061@9030000}} 6 0>; }};
  core_clock: core-clock {{ compatible = "gpio-mux-clock"; #clock-cells = <0>;
    clocks = <&low>, <&high>; select-gpios = <&{{/pl061@9030000}} 7 0>; }};
  steps: opp-table {{ compatible = "operating-points-v2"; opp-shared; {steps} }};

  thermal-zones {{ cpu-thermal {{
    polling-delay-passive = <500>; polling-delay = <1000>;
    coefficients = <(-{slope}) {offset}>; thermal-sensors = <&sensor>;
    trips {{
      critical {{ temperature = <90000>; hysteresis = <0>; type = "critical"; }};
      hot: passive {{ temperature = <80000>; hysteresis = <2000>; type = "passive"; }};
    }};
    cooling-maps {{ slower {{ trip = <&hot>; cooling-device = {cooling}; }}; }};
  }}; }};
}};
{cores}
"""


def register(milli_c: int) -> bytes:
    """What the sensor's status register holds at a temperature."""
    step = round((OFFSET_MILLI_C - milli_c) / SLOPE_MILLI_C)
    return (VALID | max(0, min(0x3FF, step))).to_bytes(4, "little")


def register_offset_bytes(ram_bytes: int) -> int:
    return ram_bytes - PAGE_BYTES + STATUS_OFFSET_BYTES


def additions(ram_bytes: int, cores: int, serial: str) -> str:
    def core(index: int) -> str:
        return "&{/cpus/cpu@%d}" % index

    return ADDITIONS.format(
        serial=serial, page=RAM_START + ram_bytes - PAGE_BYTES, page_bytes=PAGE_BYTES,
        slope=SLOPE_MILLI_C, offset=OFFSET_MILLI_C, f=FREQUENCIES_MHZ,
        clocks=" ".join(
            f'mhz{f}: clock-{f} {{ compatible = "fixed-clock"; #clock-cells = <0>; '
            f"clock-frequency = <{f}000000>; }};" for f in FREQUENCIES_MHZ),
        steps=" ".join(
            f"opp-{f}000000 {{ opp-hz = /bits/ 64 <{f}000000>; clock-latency-ns = <1000000>; }};"
            for f in FREQUENCIES_MHZ),
        cooling=", ".join(f"<{core(i)} 0xffffffff 0xffffffff>" for i in range(cores)),
        cores="\n".join(
            f"{core(i)} {{ clocks = <&core_clock>; operating-points-v2 = <&steps>; #cooling-cells = <2>; }};"
            for i in range(cores)))


def write(target: pathlib.Path, machine: list[str], ram_bytes: int, cores: int, serial: str) -> None:
    """Writes the compiled tree for the machine that these arguments give QEMU."""
    with tempfile.TemporaryDirectory() as folder:
        own = pathlib.Path(folder, "own.dtb")
        source = pathlib.Path(folder, "board.dts")
        dump = [argument.replace("virt", f"virt,dumpdtb={own}", 1) if argument.startswith("virt")
                else argument for argument in machine]
        subprocess.run([*dump, "-display", "none", "-nic", "none"], check=True, capture_output=True)
        described = subprocess.run(
            ["dtc", "-q", "-I", "dtb", "-O", "dts", str(own)], check=True, capture_output=True, text=True)
        source.write_text(described.stdout + additions(ram_bytes, cores, serial))
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(target), str(source)], check=True)
