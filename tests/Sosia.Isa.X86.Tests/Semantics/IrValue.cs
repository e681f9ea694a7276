namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>A value of the recorded code: the index of the operation that makes it.</summary>
public readonly record struct IrValue(int Index);
