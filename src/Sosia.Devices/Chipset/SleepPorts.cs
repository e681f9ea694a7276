using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Devices.Common;

namespace Sosia.Devices.Chipset;

/// <summary>
/// The sleep control and status registers and the reset register of a hardware-reduced ACPI machine (ACPI specification 6.4, section
/// 4.8.3.7; FADT fields SLEEP_CONTROL_REG, SLEEP_STATUS_REG and RESET_REG). It has no state.
/// </summary>
public sealed class SleepPorts
{
    /// <summary>Offset of the sleep control register.</summary>
    public const int ControlOffset = 0;

    /// <summary>Offset of the sleep status register.</summary>
    public const int StatusOffset = 1;

    /// <summary>Offset of the reset register.</summary>
    public const int ResetOffset = 2;

    /// <summary>The sleep type that means soft off (the value of \_S5).</summary>
    public const byte SoftOffType = 5;

    /// <summary>What resets the machine when it is written to the reset register.</summary>
    public const byte ResetValue = 1;

    private const int PortCount = 3;
    private const int SleepEnable = 1 << 5;

    private readonly IMachineControl _machine;
    private readonly DiagnosticLog _log;

    /// <summary>Creates the registers.</summary>
    /// <param name="machine">Who switches the machine off and resets it.</param>
    /// <param name="log">Where guest misuse is reported.</param>
    public SleepPorts(IMachineControl machine, DiagnosticLog log)
    {
        _machine = machine;
        _log = log;
        Ports = new BytePorts(PortCount, static _ => 0, Write);
    }

    /// <summary>The three ports.</summary>
    public IPortDevice Ports { get; }

    /// <summary>Claims the ports.</summary>
    public void Map(PortBus ports, int firstPort) => ports.Map(firstPort, PortCount, Ports, "sleep");

    private void Write(int offset, byte value)
    {
        switch (offset)
        {
            case ControlOffset when (value & SleepEnable) != 0:
                if (((value >> 2) & 7) == SoftOffType)
                {
                    _machine.RequestPowerOff();
                }
                else
                {
                    _log.GuestMisuse("sleep", "sleep type that does not exist", value);
                }

                break;
            case ResetOffset when value == ResetValue:
                _machine.RequestReset();
                break;
            default:
                break;
        }
    }
}
