namespace Sosia.Images.Mapping;

/// <summary>A piece of a disk of one kind that is contiguous in the file.</summary>
/// <param name="Kind">What there is.</param>
/// <param name="FileOffset">Where its first byte is in the file, for data.</param>
/// <param name="ByteCount">How long it is; at least 1.</param>
internal readonly record struct MappedExtent(ExtentKind Kind, ulong FileOffset, ulong ByteCount);
