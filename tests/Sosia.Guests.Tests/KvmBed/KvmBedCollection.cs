using Xunit;

namespace Sosia.Guests.Tests.KvmBed;

/// <summary>The tests in the bed run one after the other and beside no others: each keeps the host's processors busy with an emulated machine of its own.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class KvmBedCollection
{
    /// <summary>The collection's name.</summary>
    public const string Name = "KVM bed";
}
