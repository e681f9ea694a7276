using System;
using System.Collections.Generic;
using System.Diagnostics;
using Sosia.Core;
using Sosia.Core.Execution;
using Sosia.Jit.X64;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>Times the <see cref="ComputeKernels"/>: on the host once, then as a program in ring 3 under each engine.</summary>
internal sealed class KernelMeasurement : IDisposable
{
    private const int Runs = 5;

    private readonly TimeSpan _atLeast;
    private readonly Dictionary<string, (NativeKernel Kernel, double Nanoseconds)> _native = [];

    /// <summary>Times all kernels on the host.</summary>
    /// <param name="atLeast">How long a run in a guest is to take at least; on the host it is a quarter of it.</param>
    public KernelMeasurement(TimeSpan atLeast)
    {
        _atLeast = atLeast;
        foreach (ComputeKernel kernel in ComputeKernels.All)
        {
            var native = new NativeKernel(kernel);
            _native.Add(kernel.Name, (native, NanosecondsPerRound(rounds => native.Run(rounds).Elapsed, atLeast / 4)));
        }
    }

    /// <summary>Times a kernel under an engine.</summary>
    /// <exception cref="SosiaException">The guest did not come to its end.</exception>
    public KernelFigures Measure(ComputeKernel kernel, Func<IEngine> createEngine)
    {
        (NativeKernel native, double nativeNanoseconds) = _native[kernel.Name];
        // What a run takes before and after its rounds.
        TimeSpan[] empty = [RunInGuest(kernel, createEngine, 0).Elapsed, RunInGuest(kernel, createEngine, 0).Elapsed, RunInGuest(kernel, createEngine, 0).Elapsed];
        Array.Sort(empty);
        bool isEqual = true;
        double guestNanoseconds = NanosecondsPerRound(
            rounds =>
            {
                (ulong sum, TimeSpan elapsed) = RunInGuest(kernel, createEngine, rounds);
                isEqual &= sum == native.Run(rounds).Sum;
                return elapsed - empty[1];
            },
            _atLeast);
        return new KernelFigures(kernel.Name, kernel.Description, nativeNanoseconds, guestNanoseconds, isEqual);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((NativeKernel kernel, _) in _native.Values)
        {
            kernel.Dispose();
        }
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

    // The number of rounds grows until a run takes long enough; then the median of several.
    private static double NanosecondsPerRound(Func<long, TimeSpan> run, TimeSpan atLeast)
    {
        long rounds = 1;
        TimeSpan elapsed;
        while ((elapsed = run(rounds)) < atLeast && rounds < 1L << 40)
        {
            double missing = elapsed <= TimeSpan.Zero ? 8 : 1.2 * (atLeast / elapsed);
            rounds = (long)Math.Ceiling(rounds * Math.Clamp(missing, 1.5, 8));
        }

        var nanoseconds = new double[Runs];
        nanoseconds[0] = elapsed.TotalNanoseconds / rounds;
        for (int i = 1; i < Runs; i++)
        {
            nanoseconds[i] = run(rounds).TotalNanoseconds / rounds;
        }

        Array.Sort(nanoseconds);
        return Math.Max(nanoseconds[Runs / 2], 1e-3);
    }
}
