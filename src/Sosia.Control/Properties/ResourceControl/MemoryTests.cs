using System;
using System.Collections.Generic;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.ResourceControl;

/// <summary>Kernels, which may map whatever they like, and look for memory that was not given to them.</summary>
internal static class MemoryTests
{
    private const uint RamEnd = (uint)BareGuest.MemoryByteCount;
    private const int RandomMappings = 20_000;
    private const ulong Marker = 0x4141_4141_4141_4141;

    // Any bits 12 to 39 of an entry: the physical addresses that the machine's processors have.
    private const ulong PhysicalPages = 0xff_ffff_f000;

    // Local APIC, I/O APIC, HPET, where the BIOS would be, the virtio devices of the microvm.
    private static readonly uint[] DevicePages = [0xfee0_0000, 0xfec0_0000, 0xfed0_0000, 0xffff_f000, 0xfeb0_0000];

    /// <summary>The tests.</summary>
    public static IEnumerable<IsolationTest> All() =>
    [
        new IsolationTest
        {
            Name = "Across the end of RAM",
            Target = IsolationTarget.Memory,
            Attempt = "A kernel maps the last page of RAM and the address behind it side by side, and writes and reads 8 and 16 bytes at every offset across the border.",
            Judged = "What is beyond RAM reads as ones, and the fence behind guest memory is whole.",
            Body = AcrossTheEnd,
        },
        new IsolationTest
        {
            Name = "Random page tables",
            Target = IsolationTarget.Memory,
            Attempt = $"A kernel maps {RandomMappings} random physical addresses beyond RAM one after the other and stores to each.",
            Judged = "No store reaches RAM or the host: both fences are whole, and no page of the guest has changed but those it uses.",
            Body = RandomTables,
        },
        new IsolationTest
        {
            Name = "Page tables that do not exist",
            Target = IsolationTarget.Memory,
            Attempt = "A kernel loads CR3 with an address far beyond RAM; another makes a page directory of the local APIC's registers.",
            Judged = "The first machine ends with a triple fault, or, where the host's processor walks the tables and never comes to an end, is stopped after ten seconds; the second goes on or ends; the fences are whole.",
            Body = MissingTables,
        },
        new IsolationTest
        {
            Name = "Device registers, every width and offset",
            Target = IsolationTarget.Memory,
            Attempt = "A kernel reads and writes 1, 2, 4, 8 and 16 bytes at odd offsets over the pages of the APICs, the HPET, the BIOS and of devices that are not there.",
            Judged = "The guest comes to its end, and the fences are whole.",
            Body = DeviceRegisters,
        },
    ];

    private static (bool Passed, string Evidence) AcrossTheEnd(Func<IEngine> engine)
    {
        using var guest = new BareGuest(
            engine(),
            kernel: static assembler =>
            {
                // r8 counts bytes beyond RAM that do not read as ones.
                assembler.Alu(AluOperation.Xor, 32, Gpr.R8, Gpr.R8);
                assembler.MovImmediate(Gpr.Rax, unchecked((long)Marker));
                assembler.MovVector(64, (Xmm)0, Gpr.Rax);
                for (int offset = -16; offset <= 16; offset++)
                {
                    var place = new Mem(Gpr.Rbx, offset);
                    assembler.MovImmediate(Gpr.Rbx, BareGuest.Spare + 0x1000);
                    assembler.Mov(64, place, Gpr.Rax);
                    assembler.MovVector(VectorMoveOperation.Movups, place, (Xmm)0);
                    assembler.Mov(64, Gpr.Rcx, place);
                    assembler.Mov(64, Gpr.Rcx, new Mem(Gpr.Rbx, Math.Max(offset, 0)));
                    assembler.Alu(AluOperation.Cmp, 64, Gpr.Rcx, -1);
                    assembler.Setcc(Condition.NotZero, Gpr.Rdx);
                    assembler.Movzx(32, Gpr.Rdx, 8, Gpr.Rdx);
                    assembler.Alu(AluOperation.Add, 32, Gpr.R8, Gpr.Rdx);
                }

                assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData), Gpr.R8);
                BareGuest.End(assembler);
            },
            prepare: static image =>
            {
                Map(image, BareGuest.Spare, RamEnd - 0x1000);
                Map(image, BareGuest.Spare + 0x1000, RamEnd);
            });
        RunResult end = guest.Machine.Run(Isolation.Patience);
        long unclaimed = guest.Machine.Machine.Memory.UnclaimedAccesses;
        ulong notOnes = guest.Read(BareGuest.UserData);
        return Isolation.Judge(guest, end.Reason == StopReason.DebugExit && notOnes == 0, $"{unclaimed} accesses beyond RAM reached nothing; {notOnes} of 33 reads gave anything but ones");
    }

    private static (bool Passed, string Evidence) RandomTables(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), kernel: static assembler =>
        {
            // rbx: a linear congruential generator; each turn makes it an entry of the page table, behind RAM and outside the devices' 32 MiB.
            assembler.MovImmediate(Gpr.Rbx, 1);
            assembler.MovImmediate(Gpr.Rcx, RandomMappings);
            assembler.MovImmediate(Gpr.Rsi, unchecked((long)PhysicalPages));
            assembler.MovImmediate(Gpr.Rdi, unchecked((long)Marker));
            assembler.MovImmediate(Gpr.R9, 0x5851_f42d_4c95_7f2d);
            Label turn = assembler.NewLabel();
            assembler.Bind(turn);
            assembler.Imul(64, Gpr.Rbx, Gpr.R9);
            assembler.Unary(UnaryOperation.Inc, 64, Gpr.Rbx);
            assembler.Mov(64, Gpr.Rax, Gpr.Rbx);
            assembler.Shift(ShiftOperation.Shr, 64, Gpr.Rax, 8);
            assembler.Alu(AluOperation.And, 64, Gpr.Rax, Gpr.Rsi);
            // Bit 30 set and bit 31 clear: never in RAM and never a device.
            assembler.Bit(BitOperation.Bts, 64, Gpr.Rax, 30);
            assembler.Bit(BitOperation.Btr, 64, Gpr.Rax, 31);
            assembler.Alu(AluOperation.Or, 64, Gpr.Rax, 3);
            assembler.Mov(64, Mem.Absolute((int)(BareGuest.PageTable + ((BareGuest.Spare >> 12) * 8))), Gpr.Rax);
            assembler.Emit([0x0f, 0x01, 0x3c, 0x25, 0x00, 0x00, 0x19, 0x00]); // invlpg [Spare]
            assembler.Mov(64, Mem.Absolute((int)BareGuest.Spare + 8), Gpr.Rdi);
            assembler.Unary(UnaryOperation.Dec, 64, Gpr.Rcx);
            assembler.Jcc(Condition.NotZero, turn);
            BareGuest.End(assembler);
        });
        ulong before = CountMarkers(guest);
        RunResult end = guest.Machine.Run(Isolation.Patience);
        ulong found = CountMarkers(guest) - before;
        long unclaimed = guest.Machine.Machine.Memory.UnclaimedAccesses;
        return Isolation.Judge(guest, end.Reason == StopReason.DebugExit && found == 0 && unclaimed >= RandomMappings, $"{unclaimed} stores reached nothing; {found} reached RAM");
    }

    private static (bool Passed, string Evidence) MissingTables(Func<IEngine> engine)
    {
        using var first = new BareGuest(engine(), kernel: static assembler =>
        {
            assembler.MovImmediate(Gpr.Rax, 0x7f_ffff_f000);
            assembler.Emit([0x0f, 0x22, 0xd8]); // mov cr3, rax
            BareGuest.End(assembler);
        });
        RunResult firstEnd = first.Machine.Run(TimeSpan.FromSeconds(10));
        using var second = new BareGuest(engine(), kernel: static assembler =>
        {
            // A directory pointer for the gibibyte at 40000000h: a table of what the registers read as.
            assembler.MovImmediate(Gpr.Rax, 0xfee0_0003);
            assembler.Mov(64, Mem.Absolute(0x10_5008), Gpr.Rax);
            Label next = assembler.NewLabel();
            assembler.Lea(Gpr.R15, next);
            assembler.Mov(64, Mem.Absolute(0x4000_0000), Gpr.Rax);
            assembler.Bind(next);
            assembler.Lea(Gpr.R15, next);
            BareGuest.End(assembler);
        });
        RunResult secondEnd = second.Machine.Run(Isolation.Patience);
        // KVM gives the guest a page fault for a table that is not there, and its delivery walks the same tables.
        bool isHostsWalk = !first.Machine.Engine.CountsInstructions;
        bool passed = (firstEnd.Reason == StopReason.TripleFault || (isHostsWalk && firstEnd.Reason == StopReason.TimedOut)) && secondEnd.Reason is StopReason.DebugExit or StopReason.TripleFault;
        string evidence = $"the machines ended with {firstEnd.Reason} and {secondEnd.Reason}";
        return first.IsHostWhole ? Isolation.Judge(second, passed, evidence) : Isolation.Judge(first, passed, evidence);
    }

    private static (bool Passed, string Evidence) DeviceRegisters(Func<IEngine> engine)
    {
        using var guest = new BareGuest(engine(), kernel: static assembler =>
        {
            assembler.MovImmediate(Gpr.Rax, -1);
            assembler.MovVector(64, (Xmm)0, Gpr.Rax);
            foreach (uint page in DevicePages)
            {
                Label turn = assembler.NewLabel();
                assembler.MovImmediate(Gpr.Rbx, page);
                assembler.MovImmediate(Gpr.Rcx, 0xff0 / 3);
                assembler.Bind(turn);
                foreach (int width in (ReadOnlySpan<int>)[8, 16, 32, 64])
                {
                    assembler.Mov(width, Gpr.Rdx, new Mem(Gpr.Rbx));
                    assembler.Mov(width, new Mem(Gpr.Rbx), Gpr.Rax);
                }

                assembler.MovVector(VectorMoveOperation.Movups, new Mem(Gpr.Rbx), (Xmm)0);
                assembler.MovVector(VectorMoveOperation.Movups, (Xmm)1, new Mem(Gpr.Rbx));
                assembler.Alu(AluOperation.Add, 64, Gpr.Rbx, 3);
                assembler.Unary(UnaryOperation.Dec, 64, Gpr.Rcx);
                assembler.Jcc(Condition.NotZero, turn);
            }

            BareGuest.End(assembler);
        });
        RunResult end = guest.Machine.Run(Isolation.Patience);
        long accesses = guest.Machine.Machine.Memory.DeviceAccesses;
        long unclaimed = guest.Machine.Machine.Memory.UnclaimedAccesses;
        return Isolation.Judge(guest, end.Reason == StopReason.DebugExit && accesses != 0, $"{accesses} accesses reached devices, {unclaimed} nothing; the machine ended with {end.Reason}");
    }

    // Makes a page of the first 2 MiB one of another physical address.
    private static void Map(byte[] image, uint linear, uint guestPhysical)
        => BareGuest.Poke(image, BareGuest.PageTable + ((linear >> 12) * 8), guestPhysical | 3UL);

    // The program's own code holds the marker too: whoever calls this subtracts.
    private static ulong CountMarkers(BareGuest guest)
    {
        ulong count = 0;
        byte[] memory = new byte[RamEnd - 0x10_0000];
        guest.Machine.ReadPhysical(0x10_0000, memory);
        for (int at = 0; (at = memory.AsSpan(at).IndexOf(BitConverter.GetBytes(Marker)) is var found and >= 0 ? at + found : -1) >= 0; at++)
        {
            count++;
        }

        return count;
    }
}
