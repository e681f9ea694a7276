using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Core.Memory;
using Sosia.Core.Snapshots;
using Sosia.Core.Time;
using Sosia.Devices.I8042;
using Sosia.Devices.Network;
using Sosia.Devices.Screen;
using Sosia.Devices.Uart16550;
using Sosia.Devices.Usb.Hid;
using Sosia.Devices.Virtio;
using Sosia.Net;

namespace Sosia.Machines;

/// <summary>
/// What a guest can see: processors, memory, buses, devices, clock. It does not know how its processors advance; whoever runs it (see
/// Sosia.Control) takes requests from it and services its clock. All members are for the machine's thread, except the requests.
/// </summary>
public abstract class Machine : IMachineControl, IMachineHardware, IDisposable
{
    private readonly List<IVcpu> _cpus = [];
    private readonly List<ISnapshotable> _parts = [];
    private readonly List<Action> _resets = [];
    private readonly List<IDisposable> _owned = [];
    private readonly List<SerialPort> _serialPorts = [];
    private readonly List<INetworkCard> _networkCards = [];
    private readonly MachineNetwork _network;
    private int _request;
    private int _exitStatus;

    /// <summary>Creates clock, memory and buses.</summary>
    /// <param name="options">What to build.</param>
    /// <param name="romByteCount">How much room to keep behind the guest's RAM for the contents of ROMs; a multiple of 4096.</param>
    /// <exception cref="SosiaException">The memory size is impossible.</exception>
    protected Machine(MachineOptions options, ulong romByteCount = 0)
    {
        Options = options;
        CheckMemorySize(options.MemoryByteCount);
        if (options.CpuCount is < 1 or > MachineOptions.MaxCpuCount)
        {
            throw new SosiaException($"A machine with {options.CpuCount} processors is impossible; give --cpus 1 to {MachineOptions.MaxCpuCount}.");
        }

        _network = Own(new MachineNetwork(options.Networks));
        Log = new DiagnosticLog();
        Clock = new MachineClock(options.ClockMode);
        Ram = Own(new GuestRam(options.MemoryByteCount + romByteCount));
        Memory = new MemoryBus(Ram, Log);
        Ports = new PortBus(Log) { Threads = Memory.Threads };
        Turns = new CpuTurns(_cpus);
        Clock.AttachCounter(Turns);
        Clock.EarlierDeadline = () => Turns.Current.Kick();
        if (options.CpuCount > 1)
        {
            Add(Turns, Turns.Reset);
        }
    }

    /// <summary>What it was built from.</summary>
    public MachineOptions Options { get; }

    /// <summary>Its clock.</summary>
    public MachineClock Clock { get; }

    /// <summary>Its RAM.</summary>
    public GuestRam Ram { get; }

    /// <summary>Its physical address space.</summary>
    public MemoryBus Memory { get; }

    /// <summary>Its I/O ports; empty on machines without a port space.</summary>
    public PortBus Ports { get; }

    /// <summary>Where guest misuse is counted.</summary>
    public DiagnosticLog Log { get; }

    /// <summary>The processors.</summary>
    public IReadOnlyList<IVcpu> Cpus => _cpus;

    /// <inheritdoc/>
    public virtual IInterruptHardware? Interrupts => null;

    /// <summary>Whose turn it is while one thread runs all processors, and how many instructions all have retired together.</summary>
    public CpuTurns Turns { get; }

    /// <summary>How many instructions all processors have retired together since power-on.</summary>
    public long RetiredInstructions => _cpus.Count == 1 ? _cpus[0].RetiredInstructions : Turns.RetiredInstructions;

    /// <summary>Everything that a snapshot holds besides RAM and clock.</summary>
    public IReadOnlyList<ISnapshotable> Parts => _parts;

    /// <summary>The serial ports, in the order of <see cref="MachineOptions.Serial"/>.</summary>
    public IReadOnlyList<SerialPort> SerialPorts => _serialPorts;

    /// <summary>The network cards, in the order of <see cref="MachineOptions.Networks"/>.</summary>
    public IReadOnlyList<INetworkCard> NetworkCards => _networkCards;

    /// <summary>What is behind the cards' cables, in their order; cables that are not plugged in are left out.</summary>
    public IReadOnlyList<INetworkBackend> Networks => _network.Backends;

    /// <summary>What the machine shows; null when it has no screen.</summary>
    public IScreenSource? Screen { get; protected init; }

    /// <summary>The keyboard; null when the machine has none.</summary>
    public Ps2Keyboard? Keyboard { get; protected init; }

    /// <summary>The absolute pointer of virtio; null when the machine has none.</summary>
    public VirtioTabletDevice? Tablet { get; protected set; }

    /// <summary>The absolute pointer on the USB; null when the machine has none.</summary>
    public UsbTablet? UsbTablet { get; protected set; }

    /// <summary>The keyboard on the USB, which gets the keys while the guest uses it; null when the machine has none.</summary>
    public UsbKeyboard? UsbKeyboard { get; protected set; }

    /// <summary>The mouse; null when the machine has none.</summary>
    public Ps2Mouse? Mouse { get; protected init; }

    /// <summary>What the guest has asked for since <see cref="TakeRequest"/>.</summary>
    public MachineRequest Request => (MachineRequest)Volatile.Read(ref _request);

    /// <summary>The status that comes with <see cref="MachineRequest.Exit"/>.</summary>
    public int ExitStatus => _exitStatus;

    /// <summary>
    /// A text that is equal for machines of the same shape: a snapshot can only be restored into a machine with the same one.
    /// </summary>
    public virtual string Shape => $"{Options.Machine}, {Options.MemoryByteCount} bytes, {Options.CpuCount} processors{(Screen is null ? string.Empty : ", VGA")}";

    /// <inheritdoc/>
    public void RequestPowerOff() => SetRequest(MachineRequest.PowerOff);

    /// <inheritdoc/>
    public void RequestReset() => SetRequest(MachineRequest.Reset);

    /// <inheritdoc/>
    public void RequestProcessorReset() => SetRequest(MachineRequest.ResetProcessors);

    /// <inheritdoc/>
    public void RequestExit(int status)
    {
        if (Request == MachineRequest.None)
        {
            _exitStatus = status;
        }

        SetRequest(MachineRequest.Exit);
    }

    /// <summary>
    /// Stops the machine at the next instruction boundary because the host cannot do what a device wants; the device tries again when the machine goes on.
    /// </summary>
    public void RequestStop() => SetRequest(MachineRequest.Stop);

    /// <summary>Takes the guest's request away.</summary>
    public MachineRequest TakeRequest() => (MachineRequest)Interlocked.Exchange(ref _request, (int)MachineRequest.None);

    /// <summary>
    /// Switches the machine on or presses its reset button: all devices and processors go to their power-on state, then the kernel (or
    /// firmware) is loaded anew.
    /// </summary>
    /// <exception cref="SosiaException">The kernel or another file cannot be used.</exception>
    public void PowerOn()
    {
        foreach (Action reset in _resets)
        {
            reset();
        }

        foreach (IVcpu cpu in _cpus)
        {
            cpu.Reset();
        }

        _ = TakeRequest();
        Boot();
    }

    /// <summary>
    /// Resets the processors and nothing else, where there is firmware that knows how to go on from there. For whoever runs the machine, while no processor executes.
    /// </summary>
    /// <returns>False when nothing was done: the whole machine is to be reset.</returns>
    public virtual bool TryResetProcessors() => false;

    /// <summary>To be called by the thread that goes on to run a processor, so that devices know who accesses them.</summary>
    public virtual void EnterCpu(IVcpu cpu)
    {
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
        GC.SuppressFinalize(this);
    }

    /// <summary>Loads what the machine starts with and prepares the first processor; everything is in its power-on state.</summary>
    protected abstract void Boot();

    /// <summary>Registers a processor.</summary>
    protected void AddCpu(IVcpu cpu)
    {
        _cpus.Add(cpu);
        _parts.Add(cpu);
    }

    /// <summary>Registers a part with its way to the power-on state; parts are reset, saved and restored in the order of their registration.</summary>
    protected T Add<T>(T part, Action? reset)
        where T : ISnapshotable
    {
        _parts.Add(part);
        if (reset is not null)
        {
            _resets.Add(reset);
        }

        return part;
    }

    /// <summary>Registers a serial port.</summary>
    protected void AddSerialPort(SerialPort port) => _serialPorts.Add(Add(port, port.Reset));

    /// <summary>Registers a network card.</summary>
    protected T AddNetworkCard<T>(T card)
        where T : INetworkCard
    {
        _networkCards.Add(card);
        return card;
    }

    /// <summary>The card's end of a network's cable.</summary>
    /// <param name="index">Which of <see cref="MachineOptions.Networks"/>.</param>
    protected CableEnd CardCable(int index) => _network.Cables[index].Card;

    /// <summary>Registers something to dispose of with the machine, last registered first.</summary>
    protected T Own<T>(T owned)
        where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    /// <summary>What is connected to a serial port.</summary>
    protected ISerialBackend SerialBackend(int index)
        => (index < Options.Serial.Count ? Options.Serial[index] : null) ?? NullSerialBackend.Instance;

    private static void CheckMemorySize(ulong byteCount)
    {
        if (byteCount == 0 || byteCount % GuestRam.PageSize != 0)
        {
            throw new SosiaException($"Guest memory of {byteCount} bytes is not a positive multiple of 4096; choose another --memory.");
        }

        ulong hostByteCount = HostMemoryByteCount();
        if (byteCount > hostByteCount)
        {
            throw new SosiaException($"Guest memory of {byteCount >> 20} MiB is more than this host's {hostByteCount >> 20} MiB; choose a smaller --memory.", FailureKind.Host);
        }
    }

    private static ulong HostMemoryByteCount()
    {
        foreach (string line in File.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan("MemTotal:".Length).Trim().TrimEnd("kB").TrimEnd(), out ulong kibibytes))
            {
                return kibibytes << 10;
            }
        }

        return ulong.MaxValue;
    }

    private void SetRequest(MachineRequest request)
    {
        if (Interlocked.CompareExchange(ref _request, (int)request, (int)MachineRequest.None) == (int)MachineRequest.None)
        {
            foreach (IVcpu cpu in _cpus)
            {
                cpu.Kick();
            }
        }
    }
}
