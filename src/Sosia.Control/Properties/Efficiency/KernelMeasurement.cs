using System;
using System.Diagnostics;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>
/// Times the <see cref="ComputeKernels"/> as programs in ring 3 under an engine and on the host's processor, in turns. Other work on the host only ever adds to a
/// time, so that the shortest of several counts.
/// </summary>
internal sealed class KernelMeasurement
{
    private const int HostShare = 4;

    private readonly TimeSpan _atLeast;
    private readonly int _runs;

    /// <summary>Prepares measurements.</summary>
    /// <param name="atLeast">How long a run in a guest is to take at least; on the host it is a quarter of it.</param>
    /// <param name="runs">How many runs the shortest is taken from; at least 1.</param>
    public KernelMeasurement(TimeSpan atLeast, int runs)
    {
        _atLeast = atLeast;
        _runs = runs;
    }

    /// <summary>Times a kernel under an engine and on the host.</summary>
    /// <exception cref="SosiaException">The guest did not come to its end, or the host refuses to execute the kernel.</exception>
    public KernelFigures Measure(ComputeKernel kernel, Func<IEngine> createEngine)
    {
        using var native = new NativeKernel(kernel);
        bool isEqual = true;
        TimeSpan empty = TimeSpan.MaxValue;
        for (int i = 0; i < _runs; i++)
        {
            // What a run takes before and after its rounds.
            TimeSpan elapsed = RunInGuest(kernel, createEngine, 0).Elapsed;
            empty = elapsed < empty ? elapsed : empty;
        }

        TimeSpan InGuest(long rounds)
        {
            (ulong sum, TimeSpan elapsed) = RunInGuest(kernel, createEngine, rounds);
            isEqual &= sum == native.Run(rounds).Sum;
            return elapsed - empty;
        }

        TimeSpan OnHost(long rounds) => native.Run(rounds).Elapsed;

        long guestRounds = FindRounds(InGuest, _atLeast);
        long hostRounds = FindRounds(OnHost, _atLeast / HostShare);
        double guestNanoseconds = double.MaxValue;
        double hostNanoseconds = double.MaxValue;
        for (int i = 0; i < _runs; i++)
        {
            hostNanoseconds = Math.Min(hostNanoseconds, OnHost(hostRounds).TotalNanoseconds / hostRounds);
            guestNanoseconds = Math.Min(guestNanoseconds, InGuest(guestRounds).TotalNanoseconds / guestRounds);
        }

        return new KernelFigures(kernel.Name, kernel.Description, hostNanoseconds, Math.Max(guestNanoseconds, 1e-3), isEqual);
    }

    private static (ulong Sum, TimeSpan Elapsed) RunInGuest(ComputeKernel kernel, Func<IEngine> createEngine, long rounds)
    {
        using var guest = new BareGuest(createEngine(), user: assembler =>
        {
            Label function = assembler.NewLabel();
            assembler.MovImmediate(Gpr.Rdi, BareGuest.Buffer);
            assembler.MovImmediate(Gpr.Rsi, rounds);
            assembler.Call(function);
            assembler.Mov(64, Mem.Absolute((int)BareGuest.UserData), Gpr.Rax);
            BareGuest.End(assembler);
            assembler.Align(16);
            assembler.Bind(function);
            assembler.Emit(kernel.Code);
        });
        long start = Stopwatch.GetTimestamp();
        RunResult end = guest.Machine.Run(TimeSpan.FromMinutes(2));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        return end.Reason == StopReason.DebugExit
            ? (guest.Read(BareGuest.UserData), elapsed)
            : throw new SosiaException($"The program '{kernel.Name}' did not come to its end under the engine '{guest.Machine.Engine.Name}' ({end.Reason}).", FailureKind.Host);
    }

    // The number of rounds grows until a run takes long enough.
    private static long FindRounds(Func<long, TimeSpan> run, TimeSpan atLeast)
    {
        long rounds = 1;
        TimeSpan elapsed;
        while ((elapsed = run(rounds)) < atLeast && rounds < 1L << 40)
        {
            double missing = elapsed <= TimeSpan.Zero ? 8 : 1.2 * (atLeast / elapsed);
            rounds = (long)Math.Ceiling(rounds * Math.Clamp(missing, 1.5, 8));
        }

        return rounds;
    }
}
