using System.Collections.Generic;
using Sosia.Core.Buses;
using Sosia.Core.Interrupts;
using Sosia.Core.Memory;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Xunit;

namespace Sosia.Isa.X86.Tests.Mmu;

/// <summary>What lies behind a translation: devices, ROM, code pages, the A20 gate; and segments outside 64-bit mode.</summary>
public sealed unsafe class PhysicalAccessTests
{
    [Fact]
    public void Device_accesses_reach_the_device_and_end_the_block()
    {
        using var m = new TestMachine();
        var device = new RecordingDevice();
        m.Memory.MapDevice(0xfee0_0000, 0x1000, device, "test");
        m.EnterProtected();
        Assert.True(MemoryAccess.WriteSlow(m.State, 0xfee0_0020, 4, 0x55));
        Assert.Equal((0x20UL, 4, 0x55UL), device.Last);
        Assert.Equal(BlockExit.AfterInstruction, m.State->Exit);
        Assert.True(MemoryAccess.ReadSlow(m.State, 0xfee0_0030, 2, out ulong value));
        Assert.Equal(0x30UL, value);
        // Also when the translation is cached.
        m.State->Exit = BlockExit.None;
        Assert.True(MemoryAccess.ReadSlow(m.State, 0xfee0_0031, 1, out value));
        Assert.Equal(0x31UL, value);
        Assert.Equal(BlockExit.AfterInstruction, m.State->Exit);
    }

    [Fact]
    public void A_device_mapped_later_takes_effect_at_once()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        Assert.True(MemoryAccess.WriteSlow(m.State, 0xa0000, 4, 1));
        var device = new RecordingDevice();
        m.Memory.MapDevice(0xa0000, 0x1000, device, "test");
        Assert.True(MemoryAccess.WriteSlow(m.State, 0xa0000, 4, 2));
        Assert.Equal((0UL, 4, 2UL), device.Last);
    }

    [Fact]
    public void Writes_to_ROM_vanish()
    {
        using var m = new TestMachine();
        m.Memory.MapRam(0x4000_0000, 0x10_0000, 0x1000, readOnly: true);
        m.Write32(0x10_0000, 0x1234);
        m.EnterProtected();
        Assert.True(MemoryAccess.WriteSlow(m.State, 0x4000_0000, 4, 9));
        Assert.True(MemoryAccess.WriteBytes(m.State, 0x4000_0000, new byte[16]));
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x4000_0000, 4, out ulong value));
        Assert.Equal(0x1234UL, value);
    }

    [Fact]
    public void Every_write_to_a_code_page_is_announced_first()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        var observer = new RecordingObserver();
        m.Ram.AddCodeObserver(observer);
        Assert.True(MemoryAccess.WriteSlow(m.State, 0x30_0010, 4, 1));
        TlbEntry* entry = m.State->DataTlb + 0x300;
        Assert.Equal(0x30_0000UL, entry->WriteTag);
        m.Memory.SetRamPageFlags(0x300, RamPageFlags.HasCode);
        Assert.NotEqual(0x30_0000UL, entry->WriteTag);
        Assert.Equal(0x30_0000UL, entry->ReadTag);
        Assert.True(MemoryAccess.WriteSlow(m.State, 0x30_0014, 4, 2));
        Assert.True(MemoryAccess.WriteBytes(m.State, 0x2f_fffe, new byte[5]));
        Assert.Equal([(0x300UL, 0x14, 4), (0x300UL, 0, 3)], observer.Writes);
    }

    [Fact]
    public void A_page_without_flags_becomes_fast_again_after_its_slow_write()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        Assert.True(MemoryAccess.WriteSlow(m.State, 0x30_0010, 4, 1));
        m.Memory.SetRamPageFlags(0x300, RamPageFlags.CleanTracked);
        TlbEntry* entry = m.State->DataTlb + 0x300;
        Assert.NotEqual(0x30_0000UL, entry->WriteTag);
        Assert.True(MemoryAccess.WriteSlow(m.State, 0x30_0010, 4, 1));
        Assert.Equal(0, m.Ram.PageFlags[0x300]);
        Assert.Equal(0x30_0000UL, entry->WriteTag);
    }

    [Fact]
    public void Accessed_bits_in_a_code_page_are_announced()
    {
        using var m = new TestMachine();
        m.EnterLong();
        var observer = new RecordingObserver();
        m.Ram.AddCodeObserver(observer);
        m.Memory.SetRamPageFlags(0x101, RamPageFlags.HasCode);
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x5000, 8, out _));
        Assert.Equal([(0x101UL, 0, 8)], observer.Writes);
    }

    [Fact]
    public void The_A20_gate_folds_addresses()
    {
        using var m = new TestMachine();
        m.EnterProtected();
        m.Write32(0x10_0000, 0x1111);
        m.Write32(0, 0x2222);
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x10_0000, 4, out ulong value));
        Assert.Equal(0x1111UL, value);
        m.Cpu.SetSignal(CpuSignal.AddressLine20, asserted: false);
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x10_0000, 4, out value));
        Assert.Equal(0x2222UL, value);
        m.Cpu.SetSignal(CpuSignal.AddressLine20, asserted: true);
        Assert.True(MemoryAccess.ReadSlow(m.State, 0x10_0000, 4, out value));
        Assert.Equal(0x1111UL, value);
    }

    [Theory]
    [InlineData(0x93, 0xfffu, 0x0ffcu, 4, false, true)]
    [InlineData(0x93, 0xfffu, 0x0ffdu, 4, false, false)]
    [InlineData(0x91, 0xfffu, 0u, 4, false, true)]
    [InlineData(0x91, 0xfffu, 0u, 4, true, false)]
    [InlineData(0x99, 0xfffu, 0u, 4, false, false)]
    [InlineData(0x9b, 0xfffu, 0u, 4, false, true)]
    [InlineData(0x9b, 0xfffu, 0u, 4, true, false)]
    [InlineData(0x97, 0xfffu, 0x0fffu, 4, true, false)]
    [InlineData(0x97, 0xfffu, 0x1000u, 4, true, true)]
    [InlineData(0x97, 0xfffu, 0xfffdu, 4, true, false)]
    [InlineData(0x13, 0xfffu, 0u, 4, false, false)]
    public void Segments_check_limit_and_type(int attributes, uint limit, uint offset, int byteCount, bool isWrite, bool allowed)
    {
        using var m = new TestMachine();
        m.EnterProtected();
        var segment = new State.SegmentRegister { Base = 0x1000, Limit = limit, Attributes = (ushort)attributes };
        segment.UpdateFastLimits();
        m.State->Ds = segment;
        bool ok = MemoryAccess.SegmentOffset(m.State, ref m.State->Ds, isStack: false, offset, byteCount, isWrite, out ulong linear);
        Assert.Equal(allowed, ok);
        Assert.Equal(0x1000 + offset, linear);
        Assert.Equal(allowed ? BlockExit.None : BlockExit.Fault, m.State->Exit);
        if (!allowed)
        {
            Assert.Equal(ExceptionVector.GeneralProtection, m.State->FaultVector);
        }
    }

    private sealed class RecordingDevice : IMmioDevice
    {
        public (ulong Offset, int ByteCount, ulong Value) Last { get; private set; }

        public ulong ReadMmio(ulong offset, int byteCount) => offset;

        public void WriteMmio(ulong offset, int byteCount, ulong value) => Last = (offset, byteCount, value);
    }

    private sealed class RecordingObserver : ICodePageObserver
    {
        public List<(ulong Page, int Offset, int ByteCount)> Writes { get; } = [];

        public void CodePageWritten(ulong ramPageIndex, int offset, int byteCount) => Writes.Add((ramPageIndex, offset, byteCount));

        public void CodePageChanged(ulong ramPageIndex, int offset, int byteCount)
        {
        }

        public bool HoldsCode(ulong ramPageIndex) => true;
    }
}
