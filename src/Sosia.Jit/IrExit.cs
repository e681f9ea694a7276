namespace Sosia.Jit;

/// <summary>
/// Where translated code may leave its block for the interpreter: before which guest operation, and which values the guest registers have then
/// that are not kept up to date as the block runs (the flags: they are computed only when somebody looks).
/// </summary>
/// <param name="Operation">The guest operation to be executed next, its number in the block.</param>
/// <param name="FlagResult">The value of the flags' result word; −1 when the state holds it.</param>
/// <param name="FlagCarries">The value of the flags' carry word; −1 when the state holds it.</param>
/// <param name="Retired">Guest instructions of earlier rounds of a loop, which have retired.</param>
public readonly record struct IrExit(int Operation, int FlagResult, int FlagCarries, int Retired = 0);
