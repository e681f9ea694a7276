namespace Sosia.Control.Guests;

/// <summary>A package of the distribution.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dependency">A pattern with <c>*</c>: the first package that <paramref name="Name"/> depends on and that matches is meant; null: the package itself.</param>
public sealed record GuestPackage(string Name, string? Dependency = null);
