using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Core.Interrupts;
using Sosia.Devices.Apic;
using Sosia.Devices.Block;
using Sosia.Devices.Debug;
using Sosia.Devices.Network;
using Sosia.Devices.Virtio;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;
using Sosia.Machines.Boot;
using Sosia.Net;

namespace Sosia.Machines;

/// <summary>What all x86 machines have: RAM with a hole below 4 GiB, processors with their local APICs, and a start without firmware.</summary>
public abstract class X86Machine : Machine
{
    /// <summary>Where the ACPI tables (and other firmware tables) are: RAM in the firmware area, not usable by the guest's allocator.</summary>
    protected const ulong FirmwareTables = 0xe_0000;

    /// <summary>How much room the firmware tables have.</summary>
    protected const int FirmwareTablesByteCount = 0x1_0000;

    private const ulong LowMemoryMax = 0xc000_0000;
    /// <summary>Where the RAM begins that does not fit below the hole.</summary>
    protected const ulong FourGibibytes = 1UL << 32;
    private const int PhysicalAddressBits = 40;
    private const ulong MinMemory = 2UL << 20;

    private static readonly int[] DebugConsolePorts = [0x402, 0xe9];

    private readonly X86Cpu[] _processors;
    private readonly Dictionary<string, RemovableDrive> _removableDrives = [];

    /// <summary>Lays out the memory and creates the processors with their local APICs.</summary>
    /// <param name="options">What to build.</param>
    /// <param name="romByteCount">How much room to keep behind the guest's RAM for the contents of ROMs; a multiple of 4096.</param>
    protected X86Machine(MachineOptions options, ulong romByteCount = 0)
        : base(options, romByteCount)
    {
        if (options.MemoryByteCount < MinMemory)
        {
            Dispose();
            throw new SosiaException($"Guest memory of {options.MemoryByteCount} bytes is too small for machine '{options.Machine}'; give at least --memory 2M.");
        }

        LowMemoryEnd = Math.Min(options.MemoryByteCount, LowMemoryMax);
        HighMemoryByteCount = options.MemoryByteCount - LowMemoryEnd;
        // 0xA0000 to 0xBFFFF is the video window; what lies from 0xC0000 to 0xFFFFF is each machine's own business.
        Memory.MapRam(0, 0, 0xa_0000);
        Memory.MapRam(LowMemory.HighMemory, LowMemory.HighMemory, LowMemoryEnd - LowMemory.HighMemory);
        if (HighMemoryByteCount != 0)
        {
            Memory.MapRam(FourGibibytes, LowMemoryEnd, HighMemoryByteCount);
        }

        ApicBus = new ApicBus(Memory, Log);
        CpuModel? model = options.CpuModel is { } name ? CpuModel.Find(name) : null;
        _processors = new X86Cpu[options.CpuCount];
        for (int i = 0; i < _processors.Length; i++)
        {
            X86Cpu cpu = Own(new X86Cpu(i, Memory, Ports, Clock, _processors.Length, model));
            _processors[i] = cpu;
            AddCpu(cpu);
            cpu.HasKvmInterface = options.HasKvmInterface;
            cpu.WallClockAtPowerOn = options.EffectiveStartTime;
            var localApic = new LocalApic((byte)i, cpu, ApicBus, Clock, () => TimeStampOffset(cpu), Log, isBootstrap: i == 0, timeStampKilohertz: () => cpu.TscKilohertz);
            cpu.InterruptController = new LockedInterruptController(localApic, Memory.Threads.Devices);
            Add(localApic, localApic.Reset);
        }

        if (_processors.Length == 1)
        {
            Clock.AttachCounter(Cpu);
        }
    }

    /// <inheritdoc/>
    public override string Shape => $"{base.Shape}, CPU {Cpu.Model.Name} ({Cpu.Model.Features:x}){(Options.HasKvmInterface ? ", KVM interface" : string.Empty)}";

    /// <summary>The processor that starts the machine.</summary>
    public X86Cpu Cpu => _processors[0];

    /// <summary>All processors; the index of each is its APIC id.</summary>
    public IReadOnlyList<X86Cpu> Processors => _processors;

    /// <summary>The local APIC of the processor that starts the machine.</summary>
    public LocalApic LocalApic => ApicBus.LocalApics[0];

    /// <summary>What connects the APICs.</summary>
    public ApicBus ApicBus { get; }

    /// <summary>Where the RAM below 4 GiB ends.</summary>
    public ulong LowMemoryEnd { get; }

    /// <summary>How much RAM there is from 4 GiB on.</summary>
    public ulong HighMemoryByteCount { get; }

    /// <summary>The virtio console; null unless the options connect something to it.</summary>
    public VirtioConsoleDevice? VirtioConsole { get; private set; }

    /// <summary>Told, on the machine's thread, of failures of the host to do what a drive was asked for.</summary>
    public Action<BlockFault>? DiskFault { get; set; }

    /// <summary>The drives whose medium can be changed, by name.</summary>
    public IReadOnlyDictionary<string, RemovableDrive> RemovableDrives => _removableDrives;

    /// <summary>The memory map for the guest.</summary>
    protected virtual IReadOnlyList<MemoryRange> MemoryMap()
    {
        List<MemoryRange> map =
        [
            new(0, LowMemory.End, MemoryRangeKind.Usable),
            new(LowMemory.End, 0xa_0000 - LowMemory.End, MemoryRangeKind.Reserved),
            new(FirmwareTables, FirmwareTablesByteCount, MemoryRangeKind.AcpiNonVolatile),
            new(0xf_0000, 0x1_0000, MemoryRangeKind.Reserved),
            new(LowMemory.HighMemory, LowMemoryEnd - LowMemory.HighMemory, MemoryRangeKind.Usable),
        ];
        if (HighMemoryByteCount != 0)
        {
            map.Add(new(FourGibibytes, HighMemoryByteCount, MemoryRangeKind.Usable));
        }

        return map;
    }

    /// <summary>Writes the firmware's tables into memory.</summary>
    /// <returns>The address of the ACPI root pointer; 0 without ACPI.</returns>
    protected abstract ulong WriteFirmwareTables();

    /// <inheritdoc/>
    public override void EnterCpu(IVcpu cpu)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        ApicBus.CurrentProcessor = cpu.Index;
    }

    /// <inheritdoc/>
    protected override void Boot()
    {
        LocalApic.EnableVirtualWire();
        WriteBiosData();
        SynchronizeTimeStamps();
        foreach (X86Cpu cpu in _processors)
        {
            SetMemoryTypes(cpu);
        }

        ulong rsdp = WriteFirmwareTables();
        BootLoader.Load(new BootEnvironment(Cpu, Memory, MemoryMap(), LowMemoryEnd, rsdp, Options) { HasTextScreen = Screen is not null });
    }

    /// <summary>Creates the virtio devices that the options ask for: disks, network cards, entropy, tablet, console.</summary>
    protected IReadOnlyList<VirtioDevice> CreateVirtioDevices()
    {
        var context = new VirtioContext(Memory, Clock, Log);
        List<VirtioDevice> devices = [];
        try
        {
            foreach (DriveOptions drive in Options.Drives)
            {
                if (drive.Interface == DriveInterface.Virtio)
                {
                    devices.Add(CreateVirtioDisk(context, devices.Count, drive));
                }
            }
        }
        catch
        {
            // A disk that was opened must not stay locked when the next one cannot be.
            Dispose();
            throw;
        }

        for (int i = 0; i < Options.Networks.Count; i++)
        {
            if (Options.Networks[i].Model == NetworkModel.Virtio)
            {
                devices.Add(AddNetworkCard(new VirtioNetDevice(context, $"virtio-net{i}", CardCable(i), Options.Networks[i].EffectiveMac(i))));
            }
        }

        devices.Add(new VirtioEntropyDevice(context, "virtio-rng0", Options.EffectiveRandomSeed));
        if (Options.HasTablet)
        {
            Tablet = new VirtioTabletDevice(context, "virtio-tablet0");
            devices.Add(Tablet);
        }

        if (Options.VirtioConsole is { } console)
        {
            VirtioConsole = new VirtioConsoleDevice(context, "virtio-console0", console);
            devices.Add(VirtioConsole);
        }

        return devices;
    }

    /// <summary>Opens a drive with a medium that stays.</summary>
    /// <param name="name">Its name in messages; unique.</param>
    /// <param name="options">What its user said of it.</param>
    /// <exception cref="SosiaException">The file cannot be used.</exception>
    internal BlockDrive OpenDrive(string name, DriveOptions options)
        => Connect(new BlockDrive(name, options.Open(), options.ErrorPolicy));

    /// <summary>Opens a drive whose medium can be changed.</summary>
    /// <param name="name">Its name in messages; unique.</param>
    /// <param name="options">What its user said of it.</param>
    /// <exception cref="SosiaException">The file cannot be used.</exception>
    internal RemovableDrive OpenRemovableDrive(string name, DriveOptions options)
    {
        RemovableDrive drive = Connect(new RemovableDrive(name, options.HasMedium ? options.Open() : null, options.ErrorPolicy) { HasReadOnlyMedia = options.IsCdRom });
        _removableDrives.Add(name, drive);
        return drive;
    }

    private T Connect<T>(T drive)
        where T : BlockDrive
    {
        drive.HostFault = ReportDiskFault;
        return Own(drive);
    }

    // As many request queues as processors, so that none has to wait for another one's.
    private VirtioBlockDevice CreateVirtioDisk(VirtioContext context, int index, DriveOptions options)
        => Own(new VirtioBlockDevice(context, $"virtio-blk{index}", options.Open(), $"sosia-disk{index}", Options.CpuCount)
        {
            HostFault = ReportDiskFault,
            ErrorPolicy = options.ErrorPolicy,
        });

    private void ReportDiskFault(BlockFault fault)
    {
        if (fault.StopsMachine)
        {
            RequestStop();
        }

        DiskFault?.Invoke(fault);
    }

    /// <summary>Maps the ports through which guests talk to whoever debugs them: the debug console and the debug-exit port.</summary>
    protected void AddDebugPorts()
    {
        if (Options.DebugConsole is { } console)
        {
            foreach (int port in DebugConsolePorts)
            {
                new DebugConsolePort(console.Transmit).Map(Ports, port);
            }
        }

        if (Options.DebugExitPort is not { } exitPort)
        {
            return;
        }

        if (exitPort < 0 || exitPort + DebugExitPort.PortCount > 0x1_0000 || !Ports.IsFree(exitPort, DebugExitPort.PortCount))
        {
            Dispose();
            throw new SosiaException($"The debug-exit port 0x{exitPort:x} is not free on machine '{Options.Machine}'; choose another --debug-exit, for example 0xf4.");
        }

        new DebugExitPort(this).Map(Ports, exitPort);
    }

    /// <summary>Makes the processors' time-stamp counters begin together, however long it took to reset one after the other.</summary>
    protected unsafe void SynchronizeTimeStamps()
    {
        foreach (X86Cpu cpu in _processors)
        {
            // SAFETY: the state lives as long as the CPU.
            cpu.State->TscOffset = Cpu.State->TscOffset;
        }
    }

    // The words of the BIOS data area that kernels look at: base memory in KiB and the segment of the extended data area.
    private void WriteBiosData()
    {
        Span<byte> data = stackalloc byte[0x100];
        data.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(data[0x0e..], (ushort)(LowMemory.End >> 4));
        BinaryPrimitives.WriteUInt16LittleEndian(data[0x13..], (ushort)(LowMemory.End >> 10));
        _ = Memory.WriteBytes(0x400, data);
        // The extended data area begins with its size in KiB.
        _ = Memory.WriteBytes(LowMemory.End, [(byte)((0xa_0000 - LowMemory.End) >> 10)]);
    }

    // What firmware leaves in the memory type range registers (Intel SDM volume 3, 12.11): everything write-back but the video window
    // and the last gibibyte below 4 GiB, where the devices are. Operating systems take disabled registers for a reason not to use PAT.
    private static unsafe void SetMemoryTypes(X86Cpu cpu)
    {
        const ulong WriteBack = 0x0606_0606_0606_0606;
        const ulong FixedEnable = 1 << 10;
        const ulong Enable = 1 << 11;
        const int VideoWindow = 2;
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        for (int i = 0; i < 11; i++)
        {
            st->MtrrFixed[i] = i == VideoWindow ? 0 : WriteBack;
        }

        st->MtrrVariable[0] = LowMemoryMax;
        st->MtrrVariable[1] = (((1UL << PhysicalAddressBits) - 1) & ~(FourGibibytes - LowMemoryMax - 1)) | Enable;
        st->MtrrDefType = Enable | FixedEnable | 6;
    }

    private static unsafe long TimeStampOffset(X86Cpu cpu) => (long)cpu.State->TscOffset;

}
