using Sosia.Engines.Interpreter;
using Sosia.Engines.Kvm;

namespace Sosia.Kvm.Checks.Difficult;

/// <summary>Where KVM gives up at every instruction, the interpreter goes on by itself until the guest has left such code.</summary>
internal sealed class DifficultCodeCheck : ICheck
{
    private const uint RoutineRounds = 10_000;
    private const uint LoopRounds = 200_000;

    // Were every instruction a failure, there would be as many as instructions.
    private const long InstructionsPerFailure = 100;

    public string Name => "the interpreter goes on until the guest has left code that KVM cannot execute at all";

    public void Run()
    {
        Outcome expected = RealModeGuest.Run(new InterpreterEngine(), RoutineRounds, LoopRounds);
        Outcome actual = RealModeGuest.Run(new KvmEngine(), RoutineRounds, LoopRounds);
        actual.MustEqual(expected);
        long difficult = (long)RoutineRounds * RealModeGuest.InstructionsPerRound;
        long interpreted = actual.Stats.InstructionsInterpretedForHost;
        Expect.True(interpreted >= difficult && interpreted < difficult + (LoopRounds / 4), $"{difficult} instructions interpreted and few of the loop's ({interpreted})");
        long failures = actual.Stats.EmulationFailures;
        Expect.True(failures < difficult / InstructionsPerFailure, $"a failure for {InstructionsPerFailure} instructions at most ({failures} for {interpreted})");
    }
}
