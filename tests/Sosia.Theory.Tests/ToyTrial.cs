namespace Sosia.Theory.Tests;

/// <summary>An instruction of the toy and the words that it finds.</summary>
internal sealed class ToyTrial(ToyInstruction executed, uint accumulator, uint memory) : Trial
{
    public ToyInstruction Executed { get; } = executed;

    public uint Accumulator { get; } = accumulator;

    public uint Memory { get; } = memory;

    public override string Instruction => Executed.Name;

    public override string Encoding => "00";
}
