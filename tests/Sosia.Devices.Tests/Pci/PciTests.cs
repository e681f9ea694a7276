using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Devices.Apic;
using Sosia.Devices.Pci;
using Sosia.Devices.Tests.Support;
using Xunit;

namespace Sosia.Devices.Tests.Pci;

public sealed class PciTests
{
    private readonly TestBoard _board = new();
    private readonly RecordingPirq _pirq = new();
    private readonly RecordingMessages _messages = new();
    private readonly PciBus _bus;
    private readonly TestFunction _function = new("first");

    public PciTests()
    {
        _bus = new PciBus(_board.Memory, _board.Ports, _messages, _board.Log) { InterruptSink = _pirq };
        _bus.Map();
        _bus.Add(_function, 3);
    }

    private uint Read(int register, int device = 3, int byteCount = 4)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000u | (uint)(device << 11) | (uint)(register & 0xfc));
        return _board.Ports.Read((ushort)(0xcfc + (register & 3)), byteCount);
    }

    private void Write(int register, uint value, int byteCount = 4, int device = 3)
    {
        _board.Ports.Write(0xcf8, 4, 0x8000_0000u | (uint)(device << 11) | (uint)(register & 0xfc));
        _board.Ports.Write((ushort)(0xcfc + (register & 3)), byteCount, value);
    }

    [Fact]
    public void Mechanism_1_selects_functions_and_byte_lanes()
    {
        Assert.Equal(0x12348086u, Read(0));
        Assert.Equal(0x1234u, Read(2, byteCount: 2));
        Assert.Equal(0x12u, Read(3, byteCount: 1));
        Assert.Equal(0xffffffffu, Read(0, device: 4));
        _board.Ports.Write(0xcf8, 4, 0x00001800);
        Assert.Equal(0xffffffffu, _board.Ports.Read(0xcfc, 4));
        _board.Ports.Write(0xcf8, 2, 0xffff);
        Assert.Equal(0x00001800u, _board.Ports.Read(0xcf8, 4));
        Write(0x3c, 0x5a, 1);
        Assert.Equal(0x5au, Read(0x3c, byteCount: 1));
        Write(0, 0);
        Assert.Equal(0x12348086u, Read(0));
    }

    [Fact]
    public void Bars_are_sized_by_writing_ones_and_appear_where_they_are_put()
    {
        Write(0x10, 0xffffffff);
        Assert.Equal(0xffff0000u, Read(0x10));
        Write(0x14, 0xffffffff);
        Assert.Equal(0xffff_ffe1u, Read(0x14));
        Write(0x18, 0xffffffff);
        Write(0x1c, 0xffffffff);
        Assert.Equal(0xffffc00cu, Read(0x18));
        Assert.Equal(0xffffffffu, Read(0x1c));
        Write(0x10, 0xe0000000);
        Write(0x14, 0xc000);
        Write(0x18, 0x10000);
        Write(0x1c, 0x40);
        Assert.Equal(0xffffffffu, (uint)_board.Memory.Read(0xe0000000, 4));
        Write(4, 3, 2);
        Assert.Equal(0x1111u, (uint)_board.Memory.Read(0xe0000000, 4));
        Assert.Equal(0x3333u, (uint)_board.Memory.Read(0x40_0001_0000, 4));
        Assert.Equal(0x2222u, _board.Ports.Read(0xc000, 2));
        Write(0x10, 0xe1000000);
        Assert.Equal(0xffffffffu, (uint)_board.Memory.Read(0xe0000000, 4));
        Assert.Equal(0x1111u, (uint)_board.Memory.Read(0xe1000000, 4));
        Write(4, 0, 2);
        Assert.Equal(0xffffffffu, (uint)_board.Memory.Read(0xe1000000, 4));
        Assert.Equal(0xffu, _board.In(0xc000));
    }

    [Fact]
    public void A_bar_put_onto_another_stays_unmapped_until_there_is_room()
    {
        _bus.Add(new TestFunction("second"), 4);
        Write(0x10, 0xe0000000);
        Write(4, 2, 2);
        Write(0x10, 0xe0000000, device: 4);
        Write(4, 2, 2, device: 4);
        Assert.NotEmpty(_board.Log.Counts);
        Write(0x10, 0xe1000000);
        Assert.Equal(0x1111u, (uint)_board.Memory.Read(0xe0000000, 4));
        Assert.Equal(0x1111u, (uint)_board.Memory.Read(0xe1000000, 4));
    }

    [Fact]
    public void A_bar_put_onto_ram_stays_unmapped()
    {
        _board.Memory.MapRam(0x100000, 0, 0x100000);
        Write(0x10, 0x100000);
        Write(4, 2, 2);
        Assert.Equal(0ul, _board.Memory.Read(0x100000, 4));
    }

    [Fact]
    public void Interrupt_pins_are_swizzled_ored_and_can_be_disabled()
    {
        var second = new TestFunction("second");
        _bus.Add(second, 7);            // the same wire as device 3
        _function.SetInterrupt(true);
        second.SetInterrupt(true);
        Assert.Equal(8u, Read(6, byteCount: 2) & 8);
        Assert.Equal([(2, true)], _pirq.Events);
        _function.SetInterrupt(false);
        Assert.Single(_pirq.Events);
        Write(4, 0x400, 2, device: 7);
        Assert.Equal([(2, true), (2, false)], _pirq.Events);
        Write(4, 0, 2, device: 7);
        Assert.Equal(3, _pirq.Events.Count);
    }

    [Fact]
    public void Msix_sends_masks_and_keeps_pending()
    {
        int capability = (int)Read(0x34, byteCount: 1);
        Assert.Equal(0x11u, Read(capability, byteCount: 1));
        Assert.Equal(3u, Read(capability + 2, byteCount: 2));
        Write(0x20, 0xe0000000);
        Write(4, 6, 2);
        _board.Memory.Write(0xe0000010, 4, 0xfee01000);
        _board.Memory.Write(0xe0000018, 4, 0x4041);
        _function.Msix!.Raise(1);
        Assert.Empty(_messages.Sent);
        Write(capability + 2, 0x8000, 2);
        _function.Msix.Raise(1);
        Assert.Equal(2ul, _board.Memory.Read(0xe0000800, 8));
        _board.Memory.Write(0xe000001c, 4, 0);
        Assert.Equal([(0xfee01000ul, 0x4041u)], _messages.Sent);
        Assert.Equal(0ul, _board.Memory.Read(0xe0000800, 8));
        Write(capability + 2, 0xc000, 2);
        _function.Msix.Raise(1);
        Assert.Single(_messages.Sent);
        Write(capability + 2, 0x8000, 2);
        Assert.Equal(2, _messages.Sent.Count);
    }

    [Fact]
    public void Msi_sends_and_masks()
    {
        int first = (int)Read(0x34, byteCount: 1);
        int capability = (int)Read(first + 1, byteCount: 1);
        Assert.Equal(0x05u, Read(capability, byteCount: 1));
        Write(4, 4, 2);
        Write(capability + 4, 0xfee02000);
        Write(capability + 12, 0x51, 2);
        Write(capability + 16, 1);
        Write(capability + 2, 1, 2);
        _function.Msi!.Raise();
        Assert.Equal(1u, Read(capability + 20));
        Write(capability + 16, 0);
        Assert.Equal([(0xfee02000ul, 0x51u)], _messages.Sent);
        Assert.Equal(0u, Read(capability + 20));
    }

    [Fact]
    public void A_snapshot_with_mapped_bars_and_pending_vectors_is_unobservable()
    {
        int capability = (int)Read(0x34, byteCount: 1);
        Write(0x10, 0xe2000000);
        Write(0x20, 0xe0000000);
        Write(4, 6, 2);
        _board.Memory.Write(0xe0000030, 4, 0xfee01000);
        _board.Memory.Write(0xe0000038, 4, 0x77);
        Write(capability + 2, 0x8000, 2);
        _function.Msix!.Raise(3);
        _function.SetInterrupt(true);
        _board.Ports.Write(0xcf8, 4, 0x80001810);

        var other = new PciTests();
        TestBoard.Transfer(_bus, other._bus);
        TestBoard.Transfer(_function, other._function);
        Assert.Empty(other._pirq.Events);
        foreach (PciTests each in new[] { this, other })
        {
            Assert.Equal(0xe2000000u, each._board.Ports.Read(0xcfc, 4));
            Assert.Equal(0x1111u, (uint)each._board.Memory.Read(0xe2000000, 4));
            each._board.Memory.Write(0xe000003c, 4, 0);
            Assert.Equal([(0xfee01000ul, 0x77u)], each._messages.Sent);
            each._function.SetInterrupt(false);
            Assert.Equal((2, false), each._pirq.Events[^1]);
        }
    }

    private sealed class TestFunction : PciFunction
    {
        public TestFunction(string name)
            : base(name, new PciIdentity(0x8086, 0x1234, 0x020000), interruptPin: 1)
        {
            AddMemoryBar(0, 0x10000, new Constant(0x1111));
            AddIoBar(1, 32, new Constant(0x2222));
            AddMemoryBar(2, 0x4000, new Constant(0x3333), is64Bit: true, isPrefetchable: true);
            AddMsix(4, 4);
            AddMsi();
        }
    }

    private sealed class Constant(uint value) : IMmioDevice, IPortDevice
    {
        public ulong ReadMmio(ulong offset, int byteCount) => value;

        public void WriteMmio(ulong offset, int byteCount, ulong written)
        {
        }

        public uint ReadPort(ushort offset, int byteCount) => value;

        public void WritePort(ushort offset, int byteCount, uint written)
        {
        }
    }

    private sealed class RecordingPirq : IPciInterruptSink
    {
        public List<(int Wire, bool Asserted)> Events { get; } = [];

        public void SetPirq(int wire, bool asserted) => Events.Add((wire, asserted));
    }

    private sealed class RecordingMessages : IMessageInterruptTarget
    {
        public List<(ulong Address, uint Data)> Sent { get; } = [];

        public void DeliverMessage(ulong address, uint data) => Sent.Add((address, data));
    }
}
