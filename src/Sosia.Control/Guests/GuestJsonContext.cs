using System.Text.Json.Serialization;

namespace Sosia.Control.Guests;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GuestDescription))]
internal sealed partial class GuestJsonContext : JsonSerializerContext;
