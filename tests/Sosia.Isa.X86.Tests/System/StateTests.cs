using System;
using System.Reflection;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Core.Interrupts;
using Sosia.Core.Snapshots;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>The layout that other parts rely on, reset, and save and restore.</summary>
public sealed unsafe class StateTests
{
    // What belongs to the host or to the engine that runs, or says why the last instruction stopped.
    private static readonly string[] NotArchitectural =
    [
        nameof(X86State.EngineContext), nameof(X86State.SaveArea), nameof(X86State.Owner), nameof(X86State.DataTlb), nameof(X86State.JumpCache), nameof(X86State.JumpCacheGeneration),
        nameof(X86State.BlockRip), nameof(X86State.CurrentOp), nameof(X86State.RetireLimit), nameof(X86State.TlbMisses),
        nameof(X86State.Exit), nameof(X86State.FaultVector), nameof(X86State.FaultHasErrorCode), nameof(X86State.FaultErrorCode),
        nameof(X86State.FaultAddress), nameof(X86State.CodeMode),
    ];

    [Fact]
    public void Hot_fields_come_first_and_offsets_are_those_that_operations_name()
    {
        X86State st;
        byte* start = (byte*)&st;
        Assert.Equal(0, (int)((byte*)st.Gpr - start));
        Assert.Equal(128, (int)((byte*)&st.Rip - start));
        Assert.Equal(136, (int)((byte*)&st.FlagResult - start));
        Assert.Equal(144, (int)((byte*)&st.FlagCarries - start));
        Assert.True((byte*)&st.DataTlb - start < 256);
        Assert.True((byte*)&st.Exit - start < 256);
        Assert.Equal(StateOffset.Zero, (byte*)&st.Zero - start);
        Assert.Equal(StateOffset.BlockRip, (byte*)&st.BlockRip - start);
        Assert.Equal(StateOffset.SegmentAt(2), (byte*)&st.Ss - start);
        Assert.Equal(StateOffset.SegmentAt(5), (byte*)&st.Gs - start);
        Assert.Equal(StateOffset.VectorAt(15), (byte*)&st.Vector[60] - start);
        Assert.Equal(StateOffset.MmxAt(7), (byte*)&st.X87[14] - start);
        Assert.Equal(0, (int)((byte*)&st.Es.Base - (byte*)&st.Es));
        Assert.Equal(0, (StateOffset.Es & 7) | (StateOffset.Vector & 7) | (StateOffset.X87 & 7));
        Assert.Equal(40, sizeof(Op));
        Assert.Equal(32, sizeof(TlbEntry));
        Assert.Equal(32, sizeof(JumpCacheEntry));
        Assert.True(sizeof(X86State) < ushort.MaxValue);
    }

    [Fact]
    public void Reset_gives_the_power_up_column_of_the_manual()
    {
        using var m = new TestMachine();
        m.EnterLong();
        m.State->Gpr[5] = 1;
        m.Cpu.Reset();
        X86State* st = m.State;
        Assert.Equal(0xfff0UL, st->Rip);
        Assert.Equal(0xf000, st->Cs.Selector);
        Assert.Equal(0xffff_0000UL, st->Cs.Base);
        Assert.Equal(2UL, m.Cpu.Rflags);
        Assert.Equal(0x6000_0010UL, st->Cr0);
        Assert.Equal(CpuidModel.Signature, st->Gpr[2]);
        Assert.Equal(0UL, st->Gpr[5]);
        Assert.Equal(0xffff_0ff0UL, st->Dr[6]);
        Assert.Equal(0x400UL, st->Dr[7]);
        Assert.Equal(16, st->CodeBits);
        Assert.Equal(0x1f80u, st->Mxcsr);
        Assert.Equal(0UL, m.Cpu.TimeStampCounter);
    }

    [Fact]
    public void Everything_architectural_survives_save_and_restore()
    {
        using var first = new TestMachine();
        using var second = new TestMachine();
        first.EnterLong();
        X86State* st = first.State;
        Scramble(st);
        first.Cpu.UpdateMode();
        var before = new SnapshotWriter();
        first.Cpu.Save(before);
        second.Cpu.Restore(new SnapshotReader(first.Cpu.SnapshotName, first.Cpu.SnapshotVersion, before.ToArray()));
        var after = new SnapshotWriter();
        second.Cpu.Save(after);
        Assert.Equal(before.ToArray(), after.ToArray());
        // And nothing was left out of the section: every field agrees but those of the host and the engine.
        foreach (FieldInfo field in typeof(X86State).GetFields())
        {
            if (Array.IndexOf(NotArchitectural, field.Name) < 0)
            {
                int offset = (int)Marshal.OffsetOf<X86State>(field.Name);
                int byteCount = field.FieldType.IsPointer ? sizeof(void*) : Marshal.SizeOf(field.FieldType);
                Assert.True(
                    new ReadOnlySpan<byte>((byte*)first.State + offset, byteCount).SequenceEqual(new ReadOnlySpan<byte>((byte*)second.State + offset, byteCount)),
                    $"{field.Name} is not saved and restored");
            }
        }
    }

    [Fact]
    public void The_shadow_of_STI_survives()
    {
        using var first = new TestMachine();
        using var second = new TestMachine();
        first.EnterProtected();
        Assert.True(first.Execute(0xfb));
        var writer = new SnapshotWriter();
        first.Cpu.Save(writer);
        second.Cpu.Restore(new SnapshotReader("cpu0", second.Cpu.SnapshotVersion, writer.ToArray()));
        second.Cpu.SetSignal(CpuSignal.NonMaskableInterrupt, asserted: true);
        Assert.Equal(BoundaryAction.RunOne, second.Cpu.ServiceEvents());
    }

    [Fact]
    public void An_unknown_version_is_refused()
    {
        using var m = new TestMachine();
        var writer = new SnapshotWriter();
        m.Cpu.Save(writer);
        Assert.Throws<SosiaException>(() => m.Cpu.Restore(new SnapshotReader("cpu0", 99, writer.ToArray())));
    }

    // Every byte of the architectural fields gets a value of its own.
    private static void Scramble(X86State* st)
    {
        X86State saved = *st;
        byte* bytes = (byte*)st;
        for (int i = 0; i < sizeof(X86State); i++)
        {
            bytes[i] = (byte)((i * 37) + 11);
        }

        st->Owner = saved.Owner;
        st->DataTlb = saved.DataTlb;
        st->JumpCache = saved.JumpCache;
        st->CurrentOp = null;
        st->Zero = 0;
        st->StackZero = 0;
        st->Exit = BlockExit.None;
        st->PendingEvents = (int)(PendingEvent.Interrupt | PendingEvent.Nmi);
        st->Cpl = 0;
        st->Cr0 = saved.Cr0;
        st->Cr4 = saved.Cr4;
        st->Efer = saved.Efer;
        st->Dr[7] = ControlBits.Dr7Fixed;
        st->FlagResult = LazyFlags.FromEflags(0x8d5, out ulong carries);
        st->FlagCarries = carries;
        st->SystemFlags = 0x202;
        st->RetiredAtBlock = 12345;
        st->Cs.Attributes = 0xa9b;
        foreach (int number in new[] { 0, 1, 2, 3, 4, 5 })
        {
            ((SegmentRegister*)(bytes + StateOffset.SegmentAt(number)))->UpdateFastLimits();
        }

        st->Ldtr.UpdateFastLimits();
        st->Tr.UpdateFastLimits();
    }
}
