using System;
using System.Collections.Generic;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Devices.Apic;
using Sosia.Devices.Chipset;
using Sosia.Devices.Common;
using Sosia.Devices.Debug;
using Sosia.Devices.Dma8237;
using Sosia.Devices.Hpet;
using Sosia.Devices.I8042;
using Sosia.Devices.Mc146818;
using Sosia.Devices.Pci;
using Sosia.Devices.Pic8259;
using Sosia.Devices.Pit8254;
using Sosia.Devices.Tests.Support;
using Sosia.Devices.Uart16550;

namespace Sosia.Devices.Tests.Fuzz;

/// <summary>A whole PC board with two processors that do nothing but what a random generator says.</summary>
internal sealed class FuzzBoard : IDisposable
{
    private const ulong ShadowOffset = 0x10_0000;
    private static readonly ulong[] Pages = [LocalApic.DefaultBase, IoApic.DefaultBase, EventTimers.DefaultBase, 0xe0000000, 0xe0001000, 0xc0000, 0xf0000];

    private readonly TestBoard _board = new();
    private readonly FakeCpu[] _cpus = [new(), new()];
    private readonly LocalApic[] _apics = new LocalApic[2];
    private readonly ApicBus _apicBus;
    private readonly KeyboardController _keyboard;
    private readonly SerialPort _serial;
    private readonly PciBus _pci;
    private readonly FuzzFunction _function;
    private readonly I440FxHostBridge _host;
    private readonly List<ISnapshotable> _devices = [];
    private readonly Action[] _resets;

    public FuzzBoard()
    {
        _apicBus = new ApicBus(_board.Memory, _board.Log);
        var gate = new A20Gate();
        for (byte i = 0; i < 2; i++)
        {
            _apics[i] = new LocalApic(i, _cpus[i], _apicBus, _board.Clock, static () => -12345, _board.Log, isBootstrap: i == 0);
            gate.Attach(_cpus[i]);
        }

        var ioApic = new IoApic(_apicBus, _board.Log);
        ioApic.Map(_board.Memory);
        var pic = new Pic8259Pair(new IrqLine(_apicBus, ApicBus.ExternalInterruptInput));
        pic.Map(_board.Ports);
        _apicBus.ExternalInterrupts = pic;
        var gsi = new GsiRouter(pic, ioApic);
        var hpet = new EventTimers(_board.Clock, gsi);
        hpet.Map(_board.Memory);
        var pit = new IntervalTimer(_board.Clock, new IrqLine(hpet.LegacyInputs, EventTimers.IntervalTimerInput));
        pit.Map(_board.Ports);
        var port61 = new SystemControlPort(_board.Clock, pit);
        port61.Map(_board.Ports);
        var rtc = new RealTimeClock(
            _board.Clock, new IrqLine(hpet.LegacyInputs, EventTimers.RealTimeClockInput), new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        rtc.Map(_board.Ports);
        _serial = new SerialPort("uart0", _board.Clock, new IrqLine(gsi, 4), new Discard());
        _serial.Map(_board.Ports, SerialPort.Com1);
        _keyboard = new KeyboardController(_board.Clock, new IrqLine(gsi, 1), new IrqLine(gsi, 12), gate, _board, _board.Log);
        _keyboard.Map(_board.Ports);
        var port92 = new FastA20Port(gate, _board);
        port92.Map(_board.Ports);
        var dma = new DmaControllers(_board.Memory, _board.Log);
        dma.Map(_board.Ports);
        var post = new PostCodePort();
        post.Map(_board.Ports);
        new DebugExitPort(_board).Map(_board.Ports, 0xf4);
        _pci = new PciBus(_board.Memory, _board.Ports, _apicBus, _board.Log);
        _pci.Map();
        _host = new I440FxHostBridge(_board.Memory, ShadowOffset, 0x14_0000);
        var isa = new Piix3IsaBridge(gsi, _board);
        var pm = new Piix4PowerManagement(_board.Clock, _board.Ports, new IrqLine(gsi, 9), _board, _board.Log);
        pm.Map(_board.Ports);
        _function = new FuzzFunction();
        _pci.Add(_host, 0);
        _pci.Add(isa, 1);
        _pci.Add(pm, 1, 3);
        _pci.Add(_function, 2);
        _pci.InterruptSink = isa;
        _pci.ResetControl = isa.ResetControl;
        pm.PlaceRegisters(0x600, 0x700);
        _devices.AddRange(
            [_apics[0], _apics[1], ioApic, pic, gsi, hpet, pit, port61, rtc, _serial, _keyboard, port92, dma, post, _pci, _host, isa, pm, _function]);
        _resets = [_apics[0].Reset, ioApic.Reset, pic.Reset, hpet.Reset, pit.Reset, port61.Reset, rtc.Reset, _serial.Reset, _keyboard.Reset, port92.Reset, dma.Reset, _pci.Reset];
    }

    /// <summary>A digest of everything that was read so far.</summary>
    public ulong Digest { get; private set; } = 14695981039346656037;

    public void Dispose() => _board.Dispose();

    /// <summary>Continues this board's life in another one.</summary>
    public FuzzBoard CopyIntoFreshBoard()
    {
        var copy = new FuzzBoard();
        copy._board.Clock.Restore(_board.Clock.NowNanoseconds);
        for (int i = 0; i < _devices.Count; i++)
        {
            TestBoard.Transfer(_devices[i], copy._devices[i]);
        }

        for (int i = 0; i < _cpus.Length; i++)
        {
            copy._cpus[i].CopyFrom(_cpus[i]);
        }

        byte[] shadow = new byte[I440FxHostBridge.AreaByteCount];
        _board.Ram.Read(ShadowOffset, shadow);
        copy._board.Ram.Write(ShadowOffset, shadow);

        copy._apicBus.CurrentProcessor = _apicBus.CurrentProcessor;
        copy.Digest = Digest;
        return copy;
    }

    public void Step(Random random)
    {
        int width = 1 << random.Next(3);
        switch (random.Next(20))
        {
            case < 7:
                _board.Ports.Write(RandomPort(random), width, RandomValue(random));
                break;
            case < 10:
                Observe(_board.Ports.Read(RandomPort(random), width));
                break;
            case < 13:
                _board.Memory.Write(RandomAddress(random), width, RandomValue(random));
                break;
            case < 15:
                Observe(_board.Memory.Read(RandomAddress(random), 1 << random.Next(4)));
                break;
            case 15:
                ConfigureFunction(random);
                break;
            case 16:
                _board.Clock.AdvanceTo(_board.Clock.NowNanoseconds + random.NextInt64(random.Next(4) == 0 ? 5_000_000_000 : 200_000));
                _board.Clock.RunExpired();
                break;
            case 17:
                Input(random);
                break;
            case 18:
                Processor(random);
                break;
            default:
                if (random.Next(500) == 0)
                {
                    _resets[random.Next(_resets.Length)]();
                    _host.EnableShadowRam();
                }

                break;
        }

        Observe(_cpus[0].Interrupt ? 1u : 0u);
        Observe(_cpus[1].Interrupt ? 1u : 0u);
        Observe((ulong)(_cpus[0].NonMaskable + _cpus[1].Inits));
    }

    /// <summary>What a running system does all the time: timers, interrupts, serial output, clock and counter reads, MSI-X.</summary>
    public void RunSteadyState(int rounds)
    {
        _board.Memory.Write(LocalApic.DefaultBase + 0xf0, 4, 0x1ff);
        _board.Memory.Write(LocalApic.DefaultBase + 0x3e0, 4, 0xb);
        _board.Memory.Write(LocalApic.DefaultBase + 0x320, 4, 0x2_0041);
        _board.Memory.Write(LocalApic.DefaultBase + 0x380, 4, 10_000);
        _board.Memory.Write(EventTimers.DefaultBase + 0x10, 8, 1);
        _board.Out(0x43, 0x34);
        _board.Out(0x40, 100);
        _board.Out(0x40, 0);
        for (int i = 0; i < rounds; i++)
        {
            _board.Advance(20_000);
            _apics[0].AcknowledgeInterrupt();
            _board.Memory.Write(LocalApic.DefaultBase + 0xb0, 4, 0);
            _board.Memory.Write(LocalApic.DefaultBase + 0x300, 4, 0xc_4051);
            _board.Memory.Read(EventTimers.DefaultBase + 0xf0, 8);
            _board.Out(SerialPort.Com1, 'x');
            _board.In(SerialPort.Com1 + 5);
            _board.In(0x61);
            _board.In(0x64);
            _board.Out(0x70, 0x0c);
            _board.In(0x71);
            _board.Out(0x20, 0x0b);
            _board.In(0x20);
            _board.Ports.Read(0x608, 4);
            _board.Ports.Read(0xcfc, 4);
            _function.Msix!.Raise(0);
            _function.SetInterrupt((i & 1) != 0);
            _board.Log.GuestMisuse("fuzz", "counted, not shown");
        }
    }

    private static uint RandomValue(Random random) => random.Next(3) switch
    {
        0 => (uint)random.NextInt64(1L << 32),
        1 => (uint)random.Next(256),
        _ => 1u << random.Next(32),
    };

    private static ushort RandomPort(Random random) => (ushort)(random.Next(12) switch
    {
        0 => 0x20 + random.Next(2),
        1 => 0xa0 + random.Next(2),
        2 => 0x40 + random.Next(4),
        3 => 0x60 + random.Next(5),
        4 => 0x70 + random.Next(2),
        5 => 0x3f8 + random.Next(8),
        6 => 0x600 + random.Next(64),
        7 => 0x700 + random.Next(16),
        8 => 0xcf8 + random.Next(8),
        9 => random.Next(0x100),
        10 => 0x4d0 + random.Next(2),
        _ => random.Next(0x10000),
    });

    private static ulong RandomAddress(Random random)
    {
        ulong offset = (ulong)random.Next(4096);
        return Pages[random.Next(Pages.Length)] + (random.Next(8) == 0 ? offset : offset & ~15ul);
    }

    private void Observe(ulong value) => Digest = (Digest ^ value) * 1099511628211;

    // Selects a register of one of the functions, so that configuration space is reached often enough.
    private void ConfigureFunction(Random random)
    {
        uint[] places = [0x0000, 0x0800, 0x0b00, 0x1000];
        int register = random.Next(4) == 0 ? 0x10 : random.Next(256) & 0xfc;
        _board.Ports.Write(0xcf8, 4, 0x8000_0000 | places[random.Next(4)] | (uint)register);
        if (random.Next(2) == 0)
        {
            uint value = register == 0x10 && random.Next(2) == 0 ? 0xe000_0000u : RandomValue(random);
            _board.Ports.Write(0xcfc, 4, value);
        }
        else
        {
            Observe(_board.Ports.Read(0xcfc, 4));
        }

        _function.SetInterrupt(random.Next(2) == 0);
        _function.Msix!.Raise(random.Next(10));
    }

    private void Input(Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                Observe((ulong)_serial.Receive(new byte[random.Next(20)]));
                break;
            case 1:
                _serial.SetModemInputs((SerialModemInputs)(random.Next(16) << 4));
                break;
            case 2:
                _keyboard.Keyboard.SetKey(random.Next(0x300), random.Next(2) == 0);
                break;
            default:
                _keyboard.Mouse.Move(random.Next(-300, 300), random.Next(-300, 300), random.Next(-3, 4), (byte)random.Next(8));
                break;
        }
    }

    private void Processor(Random random)
    {
        _apicBus.CurrentProcessor = random.Next(2);
        LocalApic apic = _apics[random.Next(2)];
        switch (random.Next(8))
        {
            case 0 or 1 or 2:
                Observe((ulong)apic.AcknowledgeInterrupt());
                break;
            case 3:
                apic.TaskPriorityClass = (byte)random.Next(16);
                break;
            case 4:
                Observe(apic.TryReadRegister((uint)random.Next(64), out ulong value) ? value : 1);
                break;
            case 5:
                Observe(apic.TryWriteRegister((uint)random.Next(64), RandomValue(random)) ? 1u : 0u);
                break;
            case 6:
                apic.TimerDeadline = (ulong)(_board.Clock.NowNanoseconds + random.Next(1_000_000));
                break;
            default:
                if (random.Next(10) == 0)
                {
                    Observe(apic.TrySetBaseRegister(0xfee00000 | (ulong)(random.Next(16) << 8)) ? 1u : 0u);
                }

                break;
        }
    }

    private sealed class Discard : ISerialBackend
    {
        public void Transmit(byte value)
        {
        }
    }

    private sealed class FuzzFunction : PciFunction
    {
        public FuzzFunction()
            : base("fuzz", new PciIdentity(0x1234, 0x5678, 0x088000), interruptPin: 1)
        {
            AddMsix(8, 0);
            AddMsi();
            AddIoBar(1, 16, new BytePorts(16, offset => (byte)offset, (_, _) => { }));
        }
    }
}
