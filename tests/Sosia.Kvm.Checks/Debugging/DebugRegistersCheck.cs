using Sosia.Core.Execution;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Debugging;

/// <summary>The values of the debug registers, against SDM vol. 3, 18.2.4: they are all that can be looked at where the registers are not obeyed.</summary>
internal sealed class DebugRegistersCheck : ICheck
{
    private const ulong Fixed = 0x400;

    public string Name => "watchpoints and breakpoints have the manual's debug register values";

    public void Run()
    {
        Watchpoint writes = new(0x1000, 8, WatchedAccess.Write);
        Watchpoint accesses = new(0x2002, 4, WatchedAccess.Read | WatchedAccess.Write);
        DebugRegisters registers = Allocate(new DebugControl { Watchpoints = [writes, accesses], Breakpoints = [0x3001, 0x3002] });
        // R/W 01 and LEN 10 for eight written bytes; R/W 11 and LEN 01 for each aligned half of the four; R/W 00 and LEN 00 for an instruction.
        Expect.Equal("1000 2002 2004 3001", string.Join(' ', System.Linq.Enumerable.Select(registers.Addresses, static a => $"{a:x}")), "DR0 to DR3");
        Expect.Equal(Fixed | 0xaa | (0b1001UL << 16) | (0b0111UL << 20) | (0b0111UL << 24), registers.Control, "DR7");
        Expect.Equal(1, registers.LeftOver.Count, "breakpoints without a register");
        Expect.Equal(0x3002UL, registers.LeftOver[0], "the breakpoint without a register");
        Expect.Equal<Watchpoint?>(writes, registers.FindWatchpoint(0xffff_0ff1), "what DR6 says with B0");
        Expect.Equal<Watchpoint?>(accesses, registers.FindWatchpoint(0xffff_0ff4), "what DR6 says with B2");
        Expect.Equal<Watchpoint?>(null, registers.FindWatchpoint(0xffff_0ff8), "what DR6 says with B3");
        Expect.True(DebugRegisters.TryAllocate(new DebugControl { Watchpoints = [new(0x1000, 33, WatchedAccess.Write)] }) is null, "33 bytes are too many");
        Expect.True(DebugRegisters.TryAllocate(new DebugControl { Watchpoints = [new(0x1000, 4, WatchedAccess.Read)] }) is null, "reads alone cannot be had");
    }

    private static DebugRegisters Allocate(DebugControl control) => DebugRegisters.TryAllocate(control) ?? throw new CheckFailedException("the wishes do not find room");
}
