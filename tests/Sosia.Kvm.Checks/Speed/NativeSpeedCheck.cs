using System;
using System.Globalization;
using System.Linq;
using Sosia.Control;
using Sosia.Control.Properties;
using Sosia.Control.Properties.Efficiency;
using Sosia.Engines.Kvm;
using Sosia.Jit.X64;

namespace Sosia.Kvm.Checks.Speed;

/// <summary>
/// A loop in ring 3 and the same loop in ring 0: the guest reads its time-stamp counter before and after, and the host runs the loop in this process. The times are
/// for people (a busy host makes any of them long); what is checked is that the guest is not left for its instructions.
/// </summary>
internal sealed class NativeSpeedCheck : ICheck
{
    private const long Rounds = 2_000_000;
    private const int Runs = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly ComputeKernel Loop = new(
        "loop",
        "adds the number of the round, and rotates",
        static assembler =>
        {
            assembler.Alu(AluOperation.Add, 64, Gpr.Rax, Gpr.Rsi);
            assembler.Shift(ShiftOperation.Rol, 64, Gpr.Rax, 7);
        });

    public string Name => "code in ring 3 runs natively, without exits";

    public void Run()
    {
        using var native = new NativeKernel(Loop);
        double atHome = Enumerable.Range(0, Runs).Min(_ => native.Run(Rounds).Elapsed.TotalNanoseconds) / Rounds;
        ulong sum = native.Run(Rounds).Sum;
        (double user, long userExits) = Measure(isUser: true, sum);
        (double supervisor, long supervisorExits) = Measure(isUser: false, sum);
        Program.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"a round of the loop: natively {atHome:f2} ns, in ring 3 {user:f2} ns, in ring 0 {supervisor:f2} ns; exits in {Rounds} rounds: {userExits} and {supervisorExits}"));
        Expect.True(userExits < Rounds / 1000, $"few exits in {Rounds} rounds ({userExits})");
    }

    // The shortest of several runs, in nanoseconds per round by the guest's counter, and the fewest exits.
    private static (double Nanoseconds, long Exits) Measure(bool isUser, ulong sum)
    {
        double shortest = double.MaxValue;
        long fewest = long.MaxValue;
        for (int i = 0; i < Runs; i++)
        {
            using var guest = new BareGuest(new KvmEngine(), kernel: isUser ? null : Emit, user: isUser ? Emit : null);
            RunResult end = guest.Machine.Run(Patience);
            Expect.True(
                end.Reason == StopReason.DebugExit && guest.FaultCount == 1,
                string.Create(CultureInfo.InvariantCulture,
                    $"ring {(isUser ? 3 : 0)} came to its end ({end.Reason}; exceptions: {string.Join(", ", guest.Faults())}; at 0x{guest.Machine.ReadRegister("rip"):x}, rsi 0x{guest.Machine.ReadRegister("rsi"):x}; exits: {string.Join(", ", guest.Machine.GetStats().ExitsByCause)})"));
            Expect.Equal(sum, guest.Read(BareGuest.UserData), "the loop's result");
            double milliseconds = (guest.Read(BareGuest.UserData + 16) - guest.Read(BareGuest.UserData + 8)) / (double)guest.Machine.Machine.Cpus.OfType<Isa.X86.X86Cpu>().First().TscKilohertz;
            shortest = Math.Min(shortest, milliseconds * 1e6 / Rounds);
            fewest = Math.Min(fewest, guest.Machine.GetStats().ExitsByCause.Values.Sum());
        }

        return (shortest, fewest);
    }

    private static void Emit(Assembler assembler)
    {
        Label function = assembler.NewLabel();
        Label end = assembler.NewLabel();
        assembler.Lea(Gpr.R15, end);
        StoreTime(assembler, BareGuest.UserData + 8);
        assembler.MovImmediate(Gpr.Rsi, Rounds);
        assembler.Call(function);
        assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData), Gpr.Rax);
        StoreTime(assembler, BareGuest.UserData + 16);
        assembler.Bind(end);
        BareGuest.End(assembler);
        assembler.Align(16);
        assembler.Bind(function);
        assembler.Emit(Loop.Code);
    }

    private static void StoreTime(Assembler assembler, uint at)
    {
        assembler.Emit([0x0f, 0x31]); // rdtsc
        assembler.Mov(32, Mem.Absolute((int)at), Gpr.Rax);
        assembler.Mov(32, Mem.Absolute((int)at + 4), Gpr.Rdx);
    }
}
