namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>One operation of the recorded code.</summary>
public readonly record struct IrOperation(IrOpcode Opcode, int A, int B, int C, ulong Immediate);
