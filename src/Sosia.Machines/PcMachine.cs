using System.Collections.Generic;
using System.Linq;
using Sosia.Core;
using Sosia.Core.Interrupts;
using Sosia.Devices.Apic;
using Sosia.Devices.Block;
using Sosia.Devices.Chipset;
using Sosia.Devices.Common;
using Sosia.Devices.Debug;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Flash;
using Sosia.Devices.Floppy;
using Sosia.Devices.FwCfg;
using Sosia.Devices.Hpet;
using Sosia.Devices.I8042;
using Sosia.Devices.Ide;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Network;
using Sosia.Devices.Network.E1000;
using Sosia.Devices.Network.Ne2000;
using Sosia.Devices.Pci;
using Sosia.Devices.Pic8259;
using Sosia.Devices.Pit8254;
using Sosia.Devices.Sound;
using Sosia.Devices.Sound.Ac97;
using Sosia.Devices.Sound.PcSpeaker;
using Sosia.Devices.Sound.Sb16;
using Sosia.Devices.Uart16550;
using Sosia.Devices.Usb.Storage;
using Sosia.Devices.Vga;
using Sosia.Devices.Virtio;
using Sosia.Isa.X86;
using Sosia.Machines.Acpi;
using Sosia.Machines.Boot;
using Sosia.Machines.Firmware;
using Sosia.Net;

namespace Sosia.Machines;

/// <summary>
/// The machine "pc": a PC with the i440FX host bridge and the PIIX3 and PIIX4 chips, as its boards were built from 1996 on, started
/// by firmware in a ROM or, with a kernel given, without. Everything that is on the board is wired up in this file's constructor.
/// </summary>
public sealed class PcMachine : X86Machine
{
    private const int SouthBridgeDevice = 1;
    private const int VgaDevice = 2;
    private const int IdeFunction = 1;
    private const int UsbFunction = 2;
    private const int PowerManagementFunction = 3;
    private const ushort PowerManagementBase = 0x600;
    private const ushort SmBusBase = 0x700;

    // Firmware and flash memory end at 4 GiB and begin above the APICs' registers.
    private const ulong FlashFloor = 0xff00_0000;

    // Host bridge, three functions of the south bridge, and 30 more devices.
    private const int MaxPciFunctions = 34;

    private readonly Pic8259Pair _pic;
    private readonly I440FxHostBridge _hostBridge;
    private readonly Piix3IsaBridge _isaBridge;
    private readonly RealTimeClock _clock;
    private readonly DmaControllers _dma;
    private readonly FloppyController _floppy;
    private readonly PiixIdeFunction _ide;
    private readonly Piix4PowerManagement _powerManagement;
    private readonly PciBus _pci;
    private readonly VgaAdapter? _vga;
    private readonly FirmwareImage? _firmware;
    private readonly FwCfgDevice? _fwCfg;
    private readonly List<BootDevice> _bootDevices = [];
    private ulong _nextRom;
    private bool _hasStarted;

    /// <summary>Builds the machine, without starting it.</summary>
    /// <exception cref="SosiaException">An option asks for something impossible.</exception>
    public PcMachine(MachineOptions options)
        : this(options, FirmwareImage.Find(options))
    {
    }

    private PcMachine(MachineOptions options, FirmwareImage? firmware)
        : base(options, (firmware?.RomByteCount ?? 0) + (HasVga(options) ? VgaAdapter.RamByteCount : 0) + MachineNetwork.RomByteCount(options.Networks))
    {
        _firmware = firmware;
        _nextRom = options.MemoryByteCount + (firmware?.RomByteCount ?? 0) + (HasVga(options) ? VgaAdapter.RamByteCount : 0);

        // Interrupts: the 8259A pair reaches the processor through LINT0; wire n of the board is input n of both controllers.
        _pic = new Pic8259Pair(new IrqLine(ApicBus, ApicBus.ExternalInterruptInput));
        ApicBus.ExternalInterrupts = _pic;
        var ioApic = new IoApic(ApicBus, Log);
        var board = new GsiRouter(_pic, ioApic);
        Add(_pic, _pic.Reset).Map(Ports);
        Add(ioApic, ioApic.Reset).Map(Memory);
        Add(board, null);

        // Time: the event timers sit between the older timers and the board, because they can take their place.
        var eventTimers = new EventTimers(Clock, board);
        Add(eventTimers, eventTimers.Reset).Map(Memory);
        var timer = new IntervalTimer(Clock, new IrqLine(eventTimers.LegacyInputs, EventTimers.IntervalTimerInput));
        Add(timer, timer.Reset).Map(Ports);
        var systemControl = new SystemControlPort(Clock, timer);
        Add(systemControl, systemControl.Reset).Map(Ports);
        _clock = new RealTimeClock(Clock, new IrqLine(eventTimers.LegacyInputs, EventTimers.RealTimeClockInput), options.EffectiveStartTime);
        _clock.SetMemorySize(LowMemoryEnd, HighMemoryByteCount);
        Add(_clock, _clock.Reset).Map(Ports);

        Interrupts = new BoardInterrupts(ApicBus, ioApic, _pic, board, timer, systemControl, eventTimers);

        // DMA controllers, the floppy disk controller that uses them, and the port of power-on self test codes.
        _dma = new DmaControllers(Memory, Log);
        Add(_dma, _dma.Reset).Map(Ports);
        _floppy = new FloppyController(Clock, _dma, new IrqLine(board, 6), Log);
        Add(_floppy, _floppy.Reset).Map(Ports);
        var postCode = new PostCodePort();
        Add(postCode, postCode.Reset).Map(Ports);

        // x87 exceptions of software that does not set CR0.NE.
        var coprocessorError = new CoprocessorErrorPort(new IrqLine(board, 13));
        Add(coprocessorError, coprocessorError.Reset).Map(Ports);
        foreach (X86Cpu cpu in Processors)
        {
            cpu.FloatingPointErrorLine = coprocessorError.Irq;
        }

        // Keyboard, mouse and the ways to the A20 gate and the reset line.
        var gate = new A20Gate();
        foreach (X86Cpu cpu in Processors)
        {
            gate.Attach(cpu);
        }

        var keyboard = new KeyboardController(Clock, new IrqLine(board, 1), new IrqLine(board, 12), gate, this, Log);
        Add(keyboard, keyboard.Reset).Map(Ports);
        Keyboard = keyboard.Keyboard;
        Mouse = keyboard.Mouse;
        var port92 = new FastA20Port(gate, this);
        Add(port92, port92.Reset).Map(Ports);

        // Serial ports COM1 and COM2.
        AddSerialPort(new SerialPort("uart0", Clock, new IrqLine(board, 4), SerialBackend(0)));
        AddSerialPort(new SerialPort("uart1", Clock, new IrqLine(board, 3), SerialBackend(1)));
        SerialPorts[0].Map(Ports, SerialPort.Com1);
        SerialPorts[1].Map(Ports, SerialPort.Com2);

        // PCI: host bridge 00:00.0, south bridge 00:01 with the ISA bridge, IDE and power management; further devices behind them.
        _pci = new PciBus(Memory, Ports, ApicBus, Log);
        Add(_pci, _pci.Reset).Map();
        _hostBridge = new I440FxHostBridge(Memory, I440FxHostBridge.AreaBase, _firmware?.Place(Memory, options.MemoryByteCount));
        AddPci(_hostBridge, 0);
        _isaBridge = new Piix3IsaBridge(board, this);
        AddPci(_isaBridge, SouthBridgeDevice);
        _pci.InterruptSink = _isaBridge;
        _pci.ResetControl = _isaBridge.ResetControl;
        _ide = new PiixIdeFunction(Clock, Memory, Ports, [new IrqLine(board, 14), new IrqLine(board, 15)], Log);
        AddPci(_ide, SouthBridgeDevice, IdeFunction);
        _powerManagement = new Piix4PowerManagement(Clock, Ports, new IrqLine(board, 9), this, Log);
        AddPci(_powerManagement, SouthBridgeDevice, PowerManagementFunction);
        _powerManagement.Map(Ports);
        if (HasVga(options))
        {
            _vga = new VgaAdapter(Memory, Clock, options.MemoryByteCount + (_firmware?.RomByteCount ?? 0), VideoBios.Choose(options));
            AddPci(_vga, VgaDevice);
            _vga.Map(Ports);
            Screen = _vga;
        }

        if (options.Sound is { } sound)
        {
            AddSound(sound, timer, systemControl, board);
        }

        // What firmware wants to know.
        if (_firmware is not null)
        {
            _fwCfg = new FwCfgDevice(Memory, Log);
            Add(_fwCfg, _fwCfg.Reset).Map(Ports);
        }

        AddDebugPorts();
        AttachFlash();
        AttachDrives();
        foreach (VirtioDevice device in CreateVirtioDevices())
        {
            RequireSlot(device.Name);
            Add(device, device.Reset);
            var function = new VirtioPciFunction(device);
            AddPci(function);
            if (device is VirtioBlockDevice)
            {
                _bootDevices.Add(BootDevice.OnPci(BootDeviceKind.Disk, function, "scsi", "/disk@0,0"));
            }
            else if (device is VirtioNetDevice card)
            {
                AttachNetworkRom(function, options.Networks[IndexOf(card)]);
            }
        }

        AddNetworkCards(board);
    }

    /// <inheritdoc/>
    public override IInterruptHardware? Interrupts { get; }

    /// <inheritdoc/>
    public override string Shape
        => base.Shape
            + (_firmware is null ? string.Empty : $", firmware {_firmware.Checksum:x8}{(Options.Flash is null ? string.Empty : ", flash")}")
            + (Options.Usb is { } usb ? $", USB{(usb.HasKeyboard ? " keyboard" : string.Empty)}{(usb.HasTablet ? " tablet" : string.Empty)}" : string.Empty)
            + (Options.Sound is { } sound ? $", sound {sound.Devices}" : string.Empty);

    /// <summary>What firmware can read of the machine; null when it starts without.</summary>
    public FwCfgDevice? FwCfg => _fwCfg;

    /// <summary>The power management registers: for pressing the power button.</summary>
    public AcpiRegisters PowerManagement => _powerManagement.Acpi;

    /// <inheritdoc/>
    /// <remarks>
    /// The shutdown status byte of CMOS memory says whether the firmware is to go on with what ran before (IBM PC/AT Technical Reference, BIOS listing). If not it would start
    /// from the beginning, which a reset of the whole machine does more thoroughly.
    /// </remarks>
    public override bool TryResetProcessors()
    {
        if (_firmware is null || _clock.ReadMemory(RealTimeClock.ShutdownStatusRegister) == 0)
        {
            return false;
        }

        foreach (X86Cpu cpu in Processors)
        {
            cpu.Initialize();
        }

        // Firmware does not set up the APIC anew on this way, and software of that time knows the old interrupt controllers only.
        LocalApic.EnableVirtualWire();
        return true;
    }

    /// <inheritdoc/>
    protected override void Boot()
    {
        if (_fwCfg is null)
        {
            base.Boot();
            return;
        }

        // The processors are in their power-on state, which is all that firmware needs; interrupts come from the old controllers.
        LocalApic.AcceptInterruptController();
        SynchronizeTimeStamps();
        IReadOnlyList<BootDeviceKind> kinds = (Options.Boot ?? new BootOptions()).Kinds(isFirstStart: !_hasStarted);
        _hasStarted = true;
        FirmwareSettings.WriteOrder(_clock, kinds);
        FirmwareSettings.Fill(_fwCfg, Options, RamMap(), BuildAcpi, FirmwareSettings.Sort(_bootDevices, kinds));
    }

    /// <inheritdoc/>
    protected override ulong WriteFirmwareTables()
    {
        _hostBridge.EnableShadowRam();
        byte[] irqs = [10, 10, 11, 11];
        _isaBridge.RouteInterrupts(irqs);
        _dma.EnableCascade();
        _ide.EnableChannels();
        _powerManagement.PlaceRegisters(PowerManagementBase, SmBusBase);
        // The wires that carry PCI interrupts and the SCI are level-triggered.
        _pic.EdgeLevelPorts.WritePort(1, 1, (1 << (9 - 8)) | (1 << (10 - 8)) | (1 << (11 - 8)));
        PciFirmware.AssignResources(_pci, irqs);
        _vga?.ShowTextScreen();
        return BuildAcpi().WriteTo(Memory, FirmwareTables, FirmwareTablesByteCount);
    }

    private AcpiImage BuildAcpi() => PcAcpi.Build(LowMemoryEnd, _powerManagement.PmBase, PowerManagement.Has32BitTimer, Options.CpuCount);

    private IReadOnlyList<MemoryRange> RamMap()
    {
        var low = new MemoryRange(0, LowMemoryEnd, MemoryRangeKind.Usable);
        return HighMemoryByteCount == 0 ? [low] : [low, new MemoryRange(FourGibibytes, HighMemoryByteCount, MemoryRangeKind.Usable)];
    }

    private static bool HasVga(MachineOptions options) => options.Vga switch
    {
        "std" => true,
        "none" => false,
        _ => throw new SosiaException($"There is no display adapter '{options.Vga}'; choose --vga std or --vga none."),
    };

    private void AttachDrives()
    {
        try
        {
            var storage = new PcStorage(this);
            storage.AttachIde(_ide);
            storage.AttachFloppies(_floppy);
            foreach (PciFunction function in storage.CreateControllers())
            {
                AddPci(function);
            }

            _bootDevices.AddRange(storage.DescribeBootDevices());
            AddUsb(storage.CreateUsbDisks());
            _clock.SetFloppyDrives((byte)_floppy.TypeOf(0), (byte)_floppy.TypeOf(1));
        }
        catch
        {
            // A disk that was opened must not stay locked when the next one cannot be.
            Dispose();
            throw;
        }
    }

    private void AttachFlash()
    {
        if (_firmware is null || Options.Flash is not { } options)
        {
            return;
        }

        try
        {
            var flash = new CfiFlash(Clock, OpenDrive("flash0", options.ToDrive()), Log);
            ulong guestPhysical = _firmware.GuestPhysical - (ulong)flash.ByteCount;
            if (guestPhysical < FlashFloor)
            {
                throw new SosiaException($"The firmware and the flash file '{options.File}' together have more than {(FourGibibytes - FlashFloor) >> 20} MiB; choose smaller ones.");
            }

            Add(flash, flash.Reset);
            flash.Map(Memory, guestPhysical);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void AddUsb(IReadOnlyList<UsbStorage> disks)
    {
        if (Options.Usb is null && disks.Count == 0)
        {
            return;
        }

        var usb = new PcUsb(this, Options.Usb ?? new UsbOptions(), disks);
        for (int i = 0; i < usb.Controllers.Count; i++)
        {
            AddPci(usb.Controllers[i], i == 0 ? SouthBridgeDevice : -1, i == 0 ? UsbFunction : 0);
        }

        UsbKeyboard = usb.Keyboard;
        UsbTablet = usb.Tablet;
        _bootDevices.AddRange(usb.DescribeBootDevices());
    }

    private void AddSound(SoundOptions sound, IntervalTimer timer, SystemControlPort systemControl, GsiRouter board)
    {
        var mixer = new SoundMixer(Clock, sound.Sink);
        Add(mixer, mixer.Reset);
        if (sound.Devices.HasFlag(SoundDevices.PcSpeaker))
        {
            var speaker = new SpeakerSound(Clock, timer, systemControl, mixer);
            Add(speaker, speaker.Reset);
        }

        if (sound.Devices.HasFlag(SoundDevices.Ac97))
        {
            AddPci(new Ac97Controller("ac97", Clock, Memory, mixer));
        }

        if (sound.Devices.HasFlag(SoundDevices.Sb16))
        {
            var card = new Sb16Card(Clock, _dma, board, mixer, Log);
            Add(card, card.Reset).Map(Ports);
        }
    }

    private void RequireSlot(string name)
    {
        if (_pci.Functions.Count >= MaxPciFunctions)
        {
            Dispose();
            throw new SosiaException($"There are more devices than the machine 'pc' has PCI slots ({name} finds none); give fewer drives and network cards.");
        }
    }

    // Those that are no virtio devices.
    private void AddNetworkCards(GsiRouter board)
    {
        for (int i = 0; i < Options.Networks.Count; i++)
        {
            NetworkOptions network = Options.Networks[i];
            switch (network.Model)
            {
                case NetworkModel.E1000:
                    RequireSlot($"e1000-{i}");
                    var card = new E1000Card($"e1000-{i}", Clock, Memory, CardCable(i), network.EffectiveMac(i), Log);
                    AddPci(AddNetworkCard(card));
                    AttachNetworkRom(card, network);
                    break;
                case NetworkModel.Ne2000Pci:
                    RequireSlot($"ne2k-{i}");
                    var pciCard = new Ne2000PciCard($"ne2k-{i}", Clock, CardCable(i), network.EffectiveMac(i));
                    AddPci(AddNetworkCard(pciCard));
                    AttachNetworkRom(pciCard, network);
                    break;
                case NetworkModel.Ne2000Isa:
                    AddIsaCard(i, network, board);
                    break;
            }
        }
    }

    private void AddIsaCard(int index, NetworkOptions network, GsiRouter board)
    {
        if (network.RomFile is not null || NetworkCards.Any(card => card is Ne2000IsaCard))
        {
            Dispose();
            throw new SosiaException("There can be one network card model=ne2k_isa, without rom=; take model=ne2k_pci.");
        }

        var card = new Ne2000IsaCard($"ne2k-{index}", Clock, new IrqLine(board, Ne2000IsaCard.Interrupt), CardCable(index), network.EffectiveMac(index));
        Add(AddNetworkCard(card), card.Reset).Map(Ports);
    }

    private int IndexOf(INetworkCard card)
    {
        for (int i = 0; i < Options.Networks.Count; i++)
        {
            if (ReferenceEquals(CardCable(i), card.Cable))
            {
                return i;
            }
        }

        return -1;
    }

    private void AttachNetworkRom(PciFunction function, NetworkOptions network)
    {
        byte[] rom = MachineNetwork.ReadRom(network);
        if (rom.Length != 0)
        {
            uint room = MachineNetwork.RomRoom(rom);
            function.AttachRom(Memory, _nextRom, room, rom);
            _nextRom += room;
            _bootDevices.Add(BootDevice.OnPci(BootDeviceKind.Network, function, "ethernet", "/ethernet-phy@0"));
        }
    }

    // Functions are reset by their bus.
    private void AddPci(PciFunction function, int deviceNumber = -1, int functionNumber = 0)
    {
        _pci.Add(function, deviceNumber, functionNumber);
        Add(function, null);
    }
}
