using Sosia.Engines.Interpreter;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Difficult;

/// <summary>The same in real mode, and code that lies in a device's memory.</summary>
internal sealed class RealModeInstructionsCheck : ICheck
{
    private const uint RoutineRounds = 20;
    private const uint LoopRounds = 20_000;

    public string Name => "instructions that KVM cannot emulate are completed in real mode, also those that lie in a device's memory";

    public void Run()
    {
        Outcome expected = RealModeGuest.Run(new InterpreterEngine(), RoutineRounds, LoopRounds);
        Outcome actual = RealModeGuest.Run(new KvmEngine(), RoutineRounds, LoopRounds);
        actual.MustEqual(expected);
        Expect.True(
            actual.Stats.EmulationFailures > RealModeGuest.DifficultCount, $"more than {RealModeGuest.DifficultCount} emulation failures counted ({actual.Stats.EmulationFailures})");
        long least = RealModeGuest.DifficultCount + (RoutineRounds * RealModeGuest.InstructionsPerRound);
        long interpreted = actual.Stats.InstructionsInterpretedForHost;
        Expect.True(interpreted >= least && interpreted < LoopRounds, $"at least {least} instructions interpreted, and not the loop in RAM ({interpreted})");
    }
}
