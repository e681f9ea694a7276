using System.Text.Json.Serialization;

namespace Sosia.Control.Properties;

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PropertiesReport))]
internal sealed partial class PropertiesJsonContext : JsonSerializerContext;
