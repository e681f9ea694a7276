namespace Sosia.Images;

/// <summary>A piece of a disk of one kind.</summary>
/// <param name="ByteCount">How long it is; at least 1.</param>
/// <param name="IsZero">True when it is known to read as zeros; false when it has to be read.</param>
public readonly record struct ImageExtent(ulong ByteCount, bool IsZero);
