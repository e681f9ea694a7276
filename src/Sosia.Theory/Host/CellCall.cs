namespace Sosia.Theory.Host;

/// <summary>A system call that a cell makes before it confines itself.</summary>
/// <param name="Number">The x86-64 number.</param>
/// <param name="First">The first argument.</param>
/// <param name="Second">The second one.</param>
/// <param name="Third">The third one.</param>
/// <param name="Fourth">The fourth one.</param>
public readonly record struct CellCall(int Number, ulong First = 0, ulong Second = 0, ulong Third = 0, ulong Fourth = 0);
