namespace Sosia.Control.Guests;

/// <summary>A file to build from unpacked packages.</summary>
/// <param name="Script">A script in the guest's folder, run with the folder of the unpacked packages and the file to write.</param>
/// <param name="To">The file's name in the guest's image folder.</param>
public sealed record GuestBuild(string Script, string To);
