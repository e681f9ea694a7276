namespace Sosia.Theory.Reports;

/// <summary>An instruction in the picture.</summary>
/// <param name="Text">What is written on it.</param>
/// <param name="IsUserSensitive">Whether it is user-sensitive, which is marked.</param>
internal readonly record struct SvgChip(string Text, bool IsUserSensitive);
