using Sosia.Core.Execution;
using Sosia.Engines.Interpreter;
using Xunit;

namespace Sosia.Theory.Tests.Host;

/// <summary>Behaves as KVM does to those who run it: it wants to know the machine, counts nothing, and may say that it had help.</summary>
internal sealed class HelplessEngine : IEngine
{
    private readonly InterpreterEngine _interpreter = new();
    private IMachineHardware? _machine;
    private bool _hasLeft;

    public bool HasHelp { get; init; } = true;

    public string Name => "helpless";

    public bool CountsInstructions => false;

    public EngineCounters Counters
    {
        get
        {
            Assert.True(_hasLeft, "The machine is looked at before the engine has left it.");
            return new EngineCounters(0, 0) { InstructionsInterpretedForHost = HasHelp ? 1 : 0 };
        }
    }

    public void Attach(IMachineHardware machine) => _machine = machine;

    public void LeaveMachine() => _hasLeft = true;

    public ExitReason Run(IVcpu vcpu, in RunLimits limits)
    {
        Assert.Same(Assert.Single(_machine!.Cpus), vcpu);
        Assert.Equal(RunLimits.Unlimited, limits.MaxInstructions);
        return _interpreter.Run(vcpu, new RunLimits(1000));
    }

    public void Dispose() => _interpreter.Dispose();
}
