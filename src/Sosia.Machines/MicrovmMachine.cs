using Sosia.Core;
using Sosia.Core.Interrupts;
using Sosia.Devices.Apic;
using Sosia.Devices.Block;
using Sosia.Devices.Chipset;
using Sosia.Devices.Common;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Pit8254;
using Sosia.Devices.Uart16550;
using Sosia.Devices.Virtio;
using Sosia.Machines.Acpi;
using Sosia.Net;

namespace Sosia.Machines;

/// <summary>
/// The machine "microvm": no PCI and no legacy interrupt controller, virtio devices in memory, hardware-reduced ACPI. Made for a fast
/// start. Everything that is on the board is wired up in this file's constructor.
/// </summary>
public sealed class MicrovmMachine : X86Machine
{
    /// <summary>Where the first virtio device's registers are; the others follow at <see cref="VirtioStride"/>.</summary>
    internal const ulong VirtioBase = 0xfeb0_0000;

    /// <summary>Distance of one virtio device's registers from the next, in bytes.</summary>
    internal const ulong VirtioStride = VirtioMmioTransport.ByteCount;

    /// <summary>I/O APIC input of the first virtio device; the others follow.</summary>
    internal const int FirstVirtioInput = 16;

    /// <summary>First port of the sleep and reset registers.</summary>
    internal const ushort SleepBase = 0x600;

    private const int MaxVirtioDevices = IoApic.InputCount - FirstVirtioInput;

    private readonly int _virtioCount;

    /// <summary>Builds the machine, without starting it.</summary>
    /// <exception cref="SosiaException">An option asks for something impossible.</exception>
    public MicrovmMachine(MachineOptions options)
        : base(options)
    {
        if (options.StartsFirmware || options.NeedsFirmware)
        {
            Dispose();
            throw new SosiaException("The machine 'microvm' has no firmware and starts a kernel only; give --kernel FILE without --bios, --flash, --option-rom and --boot, or take --machine pc.");
        }

        // Firmware tables only: there is nothing else between the video window and 1 MiB.
        Memory.MapRam(0xc_0000, 0xc_0000, 0x4_0000);

        // Interrupts: wire n of the board is input n of the I/O APIC, but the timer's is input 2.
        var ioApic = new IoApic(ApicBus, Log);
        var board = new GsiRouter(null, ioApic);
        Add(ioApic, ioApic.Reset).Map(Memory);
        Add(board, null);

        // Time: the interval timer is there for calibrating other clocks.
        var timer = new IntervalTimer(Clock, new IrqLine(board, 0));
        Add(timer, timer.Reset).Map(Ports);
        var systemControl = new SystemControlPort(Clock, timer);
        Add(systemControl, systemControl.Reset).Map(Ports);
        var clock = new RealTimeClock(Clock, new IrqLine(board, 8), options.EffectiveStartTime);
        clock.SetMemorySize(LowMemoryEnd, HighMemoryByteCount);
        Add(clock, clock.Reset).Map(Ports);

        Interrupts = new BoardInterrupts(ApicBus, ioApic, null, board, timer, systemControl, null);

        // One serial port, power, debugging.
        AddSerialPort(new SerialPort("uart0", Clock, new IrqLine(board, 4), SerialBackend(0)));
        SerialPorts[0].Map(Ports, SerialPort.Com1);
        new SleepPorts(this, Log).Map(Ports, SleepBase);
        AddDebugPorts();

        if (options.Usb is not null || options.Sound is not null)
        {
            Dispose();
            throw new SosiaException("The machine 'microvm' has neither sound nor USB; leave them out or use --machine pc.");
        }

        foreach (DriveOptions drive in options.Drives)
        {
            if (drive.Interface != DriveInterface.Virtio)
            {
                Dispose();
                throw new SosiaException($"The machine 'microvm' has only virtio drives, but '{drive.File}' is to be another one; say if=virtio or use --machine pc.");
            }
        }

        foreach (NetworkOptions network in options.Networks)
        {
            if (network.Model != NetworkModel.Virtio || network.RomFile is not null)
            {
                Dispose();
                throw new SosiaException("The machine 'microvm' has only virtio network cards, without ROMs; leave model= and rom= out or use --machine pc.");
            }
        }

        // virtio.
        foreach (VirtioDevice device in CreateVirtioDevices())
        {
            if (_virtioCount == MaxVirtioDevices)
            {
                Dispose();
                throw new SosiaException($"The machine 'microvm' has room for {MaxVirtioDevices} virtio devices; give fewer drives or use --machine pc.");
            }

            Add(device, device.Reset);
            var transport = new VirtioMmioTransport(device, new IrqLine(board, FirstVirtioInput + _virtioCount));
            Add(transport, null);
            Memory.MapDevice(VirtioBase + ((ulong)_virtioCount * VirtioStride), VirtioMmioTransport.ByteCount, transport, transport.SnapshotName);
            _virtioCount++;
        }
    }

    /// <inheritdoc/>
    public override IInterruptHardware? Interrupts { get; }

    /// <inheritdoc/>
    protected override ulong WriteFirmwareTables()
        => MicrovmAcpi.Build(_virtioCount, Options.CpuCount).WriteTo(Memory, FirmwareTables, FirmwareTablesByteCount);
}
