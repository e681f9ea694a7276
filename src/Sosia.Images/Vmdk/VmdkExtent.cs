namespace Sosia.Images.Vmdk;

/// <summary>A piece of a disk in a file of its own.</summary>
/// <param name="Kind">FLAT, SPARSE, ZERO, VMFS and so on.</param>
/// <param name="SectorCount">How long it is.</param>
/// <param name="File">The file, in the descriptor's folder.</param>
/// <param name="StartSector">Where a flat extent begins in its file.</param>
internal sealed record VmdkExtent(string Kind, ulong SectorCount, string File, ulong StartSector);
